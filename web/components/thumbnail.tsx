// The small picture of a file on offer. It came from elsewhere: an image element shows pixels and runs nothing.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import styles from './offer.module.css';

export function Thumbnail({ image }: { readonly image: Uint8Array }): VNode {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([new Uint8Array(image)]));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [image]);
  return <img class={styles['thumbnail']} src={url} alt="" width="40" height="40" />;
}
