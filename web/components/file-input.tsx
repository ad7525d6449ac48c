// The one hidden file input: what is chosen in it is offered at once.
import type { VNode } from 'preact';
import { offerFiles } from '../actions.ts';

const ID = 'files';

export function FileInput(): VNode {
  return (
    <input
      id={ID}
      type="file"
      multiple
      hidden
      aria-hidden="true"
      tabIndex={-1}
      onChange={(event) => {
        const files = [...(event.currentTarget.files ?? [])];
        // Emptied, so that choosing the same file again is a change again.
        event.currentTarget.value = '';
        void offerFiles(files);
      }}
    />
  );
}

/** Opens the system's file chooser; only within a person's click or key press. */
export function openFileChooser(): void {
  document.getElementById(ID)?.click();
}
