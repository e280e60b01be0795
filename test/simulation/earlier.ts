import type { Scenario, StoryEvent } from './scenario.ts';
import { textOf } from './text.ts';

/** What came before a story, as a story of its own. It knows nothing of versions that are only made later. */
export const earlierOf = (scenario: Scenario, before: readonly StoryEvent[]): Scenario => {
  const { services, weather } = scenario;
  const edits = before.map((event) => (event.kind === 'edit' ? (event.change.version ?? 0) : 0));
  const newest = Math.max(...services.map(({ version }) => version), ...edits);
  return {
    seed: 0,
    services,
    versions: scenario.versions.slice(0, newest + 1),
    weather,
    events: before,
    calmAt: before.at(-1)?.at ?? 0,
  };
};

/** Equal for equal stories. */
export const keyOf = ({ services, versions, weather, events }: Scenario): string =>
  [services, weather, events, ...versions].map(textOf).join(' ');
