import { jest } from '@jest/globals';

/** Entries in a segment where {@link useSmallSegments} was called. */
export const SMALL_SEGMENT = 4_096;

/**
 * Everything that is imported after this has segments of an eighth: logs of several segments cost a test little then. Not where threads are used
 * that know of segments, such as that which removes what retention drops: those have the real ones.
 */
export async function useSmallSegments(): Promise<void> {
  const layout = await import('../layout.js');
  jest.unstable_mockModule('../layout.js', () => ({
    ...layout,
    SEGMENT_ENTRIES: SMALL_SEGMENT,
    segmentStart: (seq: number): number => seq - (seq % SMALL_SEGMENT),
  }));
}
