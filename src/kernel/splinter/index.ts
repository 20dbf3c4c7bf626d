export type { Bus, BusOptions } from './bus.ts'
export { attachBus, createBus, destroyBus } from './bus.ts'
export { decodeFrame } from './envelopes/frame-decoder.ts'
export { createFrameEncoder, type FrameEncoder } from './envelopes/frame-encoder.ts'
export type { FrameSeals } from './envelopes/frame-format.ts'
export type { EnvelopeListener } from './envelopes/mailbox.ts'
export type { RecordedMessage } from './recording/recorded.ts'
export { recordedSchema } from './recording/recorded.ts'
export type { Recording, RecordingOptions } from './recording/recording.ts'
export type { Member, MemberFigures, MemberState } from './seat/members.ts'
export type { Geometry } from './segment/geometry.ts'
export type { BusKeys, KeyStyle, Seals, WordsKeys } from './segment/privacy.ts'
export type { Latency } from './statistics/histogram.ts'
export { toPrometheus } from './statistics/prometheus.ts'
export { statisticsSince } from './statistics/since.ts'
export type {
  BusStatistics,
  MemberStatistics,
  TopicMemberStatistics,
  TopicStatistics,
} from './statistics/statistics.ts'
export { findTroubles, type Trouble, type TroubleKind } from './statistics/troubles.ts'
export { ANNOUNCEMENTS_TOPIC, type Announcement, decodeAnnouncement } from './store/announcements.ts'
export type { Store, ValueOptions } from './store/store.ts'
export type { Channel } from './topics/channel.ts'
export type { WaitOptions } from './topics/publisher.ts'
export type { MessageListener, Puller, SubscribeOptions, Subscription } from './topics/subscriber.ts'
export type { TopicOptions } from './topics/topic.ts'
