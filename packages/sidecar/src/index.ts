export { Sidecar, type SidecarOptions, type Announcement, type Listening } from './sidecar.js';
export { type ListenAddress } from './listener.js';
export { type Health, type HealthOptions, type HealthState, openHealth } from './health.js';
