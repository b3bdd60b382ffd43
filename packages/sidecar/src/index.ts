export { type Announcement, type Listening, type RunningGateway, Sidecar, type SidecarOptions } from './sidecar.js';
export { Fleet, type FleetOptions } from './fleet.js';
export { runWorker } from './worker.js';
export { type ListenAddress } from './listener.js';
export { type Health, type HealthOptions, type HealthState, openHealth } from './health.js';
