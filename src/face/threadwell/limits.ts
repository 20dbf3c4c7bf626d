/** Every limit of threadwell, in one place. The README says what happens at each. */
export const LIMITS = {
  boardsMax: 32,
  listsMax: 50,
  /** Of one board; removed ones that can still be brought back do not count. */
  cardsMax: 2_000,
  /** One more, and the oldest of them is gone for good. */
  removedCardsMax: 100,
  commentsMax: 100,
  labelsMax: 12,
  labelLengthMax: 40,
  titleLengthMax: 200,
  textLengthMax: 20_000,
  promptLengthMax: 8_000,
  /** What an assistant may write into one comment. */
  resultLengthMax: 200_000,
  citationsMax: 64,
  boardBytesMax: 64 * 2 ** 20,
  /** Changes of one board that wait for the disk. */
  changesWaitingMax: 256,
  /** Attempts of one run that end for no fault of the card's, such as a service that died. */
  runTriesMax: 6,
  keysMax: 100,
  /** Open event streams; a browser needs one, whatever its number of tabs. */
  eventStreamsMax: 64,
  /** News that one stream has not been sent yet. At the limit it ends, and its browser asks for everything again. */
  newsWaitingMax: 1_000,
  connectionsMax: 512,
  jsonBytesMax: 2 ** 20,
  completionBytesMax: 16 * 2 ** 20,
  uploadBytesMax: 64 * 2 ** 20,
  /** For the whole request to arrive, its body included. */
  requestMs: 120_000,
} as const
