// Whether this page is the window of a host (desktop/), which is its client, and what such a window has that a browser has not. All
// of that comes as a chunk of its own; these are the places where screens ask for it.
import type { ComponentType } from 'preact';
import type { Audience } from './audience.ts';

/** The host serves its page with a mark. */
export const isHosted = (): boolean => 'host' in document.documentElement.dataset;

export interface HostParts {
  /** Once, as soon as it is there: keeps this window at its host from then on. */
  readonly begin: () => void;
  /** Over every screen. */
  readonly Layer: ComponentType;
  /** On the start screen: by way of which server. */
  readonly ServerField: ComponentType<{ readonly disabled: boolean }>;
  /** Whether `pool` can be joined: false if the server is missing or makes no sense, which is said beside its field. */
  readonly serverReady: (pool: string) => Promise<boolean>;
  /** What was typed, pasted or followed may be a whole link: then its pool is at that server. */
  readonly brings: (text: string, pool: string) => void;
  /** In the settings, in place of what only a browser has. */
  readonly Settings: ComponentType;
  /** For what has arrived. */
  readonly ShowInFolder: ComponentType<{ readonly location: string; readonly describedBy?: string }>;
  /** Opens the chooser; what is chosen is shared with `to`. */
  readonly choose: (to: Audience) => void;
  /** To be called while their events are dispatched. */
  readonly takeDropped: (data: DataTransfer, to: Audience) => void;
  readonly takePasted: (data: DataTransfer, to: Audience) => void;
  /** True if closing this window interrupts what is under way. */
  readonly endsWithWindow: () => boolean;
}
