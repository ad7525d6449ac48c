// Counts down to the next try, second by second. Hidden from screen readers: nobody wants every second spoken.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';

export function RetryCountdown({ retryAtMs }: { readonly retryAtMs: number }): VNode {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    setNowMs(Date.now());
    const timer = setInterval(() => {
      setNowMs(Date.now());
    }, 1000);
    return () => {
      clearInterval(timer);
    };
  }, [retryAtMs]);
  const seconds = Math.ceil((retryAtMs - nowMs) / 1000);
  return <span aria-hidden="true">{seconds > 0 ? `trying again in ${seconds} s.` : 'trying again now.'}</span>;
}
