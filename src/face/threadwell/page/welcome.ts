import './models.ts'
import { byId, el } from './dom.ts'
import { post } from './http.ts'

// What the handbook answers well; it is there from the first start.
const QUESTIONS = ['How do I add my documents?', 'Does anything leave my machine?', 'How do I add a model?']

byId('first-suggestions').append(
  ...QUESTIONS.map((question) =>
    el(
      'a',
      { class: 'btn sm', href: `/chat?${new URLSearchParams({ ask: question, topic: 'handbook' })}` },
      question,
    ),
  ),
)
byId('first-question').append(el('input', { type: 'hidden', name: 'topic', value: 'handbook' }))

// From now on the first page is the board; where this is not heard, this page comes once more.
void post('/api/visited', {}).catch(() => {})
