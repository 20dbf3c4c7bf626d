/** Words that say nothing about what a text is about: function words, question words, and the tails of `it's`, `don't`. */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  [
    'a an the this that these those such some any',
    'i you he she it we they me him her us them my your his its our their',
    'am is are was were be been being do does did have has had having',
    'will would can could shall should may might must',
    'and or but if then than so because while as',
    'of in on at to for with by from about into',
    'not no nor there here how what when where which who whom whose why',
    's t d ll m re ve',
  ].flatMap((line) => line.split(' ')),
)
