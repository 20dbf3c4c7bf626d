/** runa.yaml has one schema, and what keeps a service apart is part of it. */
export {
  type Isolation,
  type IsolationKind,
  isolationSchema,
  type Limits,
} from '#kernel/config'
