// What has arrived on a host is a file already: this shows it where it lies.
import type { VNode } from 'preact';
import { currentSession } from '../app.ts';
import { Button } from '../components/ui.tsx';
import { told } from '../talk.ts';

interface ShowProps {
  /** Its path. */
  readonly location: string;
  readonly describedBy?: string;
}

export function ShowInFolder({ location, describedBy }: ShowProps): VNode {
  return (
    <Button
      small
      title={location}
      {...(describedBy === undefined ? {} : { describedBy })}
      onClick={() => void told(currentSession()?.host?.reveal(location))}
    >
      Show in folder
    </Button>
  );
}
