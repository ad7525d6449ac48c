// The limit on how fast this device takes and gives: two fields in a small popover, no limit where nothing stands.
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { parseRate, rates, rateText, setRates } from '../rates.ts';
import { closePopover, Popover } from './popover.tsx';
import styles from './transfers.module.css';
import { Button } from './ui.tsx';

export function RateCap(): VNode {
  const { downBytesPerSecond, upBytesPerSecond } = rates.value;
  const down = useSignal(rateText(downBytesPerSecond));
  const up = useSignal(rateText(upBytesPerSecond));
  const capped = downBytesPerSecond !== undefined || upBytesPerSecond !== undefined;
  const apply = (): void => {
    const [downRate, upRate] = [parseRate(down.value), parseRate(up.value)];
    down.value = rateText(downRate);
    up.value = rateText(upRate);
    setRates({
      ...(downRate === undefined ? {} : { downBytesPerSecond: downRate }),
      ...(upRate === undefined ? {} : { upBytesPerSecond: upRate }),
    });
  };
  return (
    <Popover id="rate-cap" icon="gauge" label={capped ? 'Speed limit (set)' : 'Speed limit'} set={capped}>
      <form
        class={styles['caps']}
        onSubmit={(event) => {
          event.preventDefault();
          apply();
          closePopover(event.currentTarget);
        }}
      >
        <Field id="cap-down" label="Receive at most" text={down.value} onText={(text) => (down.value = text)} />
        <Field id="cap-up" label="Send at most" text={up.value} onText={(text) => (up.value = text)} />
        <div class={styles['capActions']}>
          <Button type="submit" look="primary" small>
            Set
          </Button>
          <Button
            small
            onClick={() => {
              down.value = '';
              up.value = '';
              apply();
            }}
          >
            No limit
          </Button>
        </div>
      </form>
    </Popover>
  );
}

interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly text: string;
  readonly onText: (text: string) => void;
}

function Field({ id, label, text, onText }: FieldProps): VNode {
  return (
    <div class={styles['cap']}>
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        inputMode="decimal"
        autocomplete="off"
        placeholder="no limit"
        value={text}
        aria-describedby={`${id}-unit`}
        onInput={(event) => onText(event.currentTarget.value)}
      />
      <span id={`${id}-unit`}>MB/s</span>
    </div>
  );
}
