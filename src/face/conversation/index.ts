export { openPersonas } from './personas.ts'
export { type Conversation, type ConversationNeeds, createConversation } from './service.ts'
export { openThreads } from './threads.ts'
