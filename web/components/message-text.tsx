// A message's text as nodes of the page. Everything in it was chosen by markdown.ts; nothing here makes HTML out of text.
import type { ComponentChildren, VNode } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { parseMarkdown, type Block, type Inline } from '../markdown.ts';
import { copyText } from '../pool-view.ts';
import { Icon } from './icons.tsx';
import styles from './message-text.module.css';

/** How long a copy button says that it did, milliseconds. */
const COPIED_MS = 2000;

export function MessageText({ text }: { readonly text: string }): VNode {
  const content = useMemo(() => parseMarkdown(text).map(blockNode), [text]);
  return (
    <div class={styles['text']} dir="auto">
      {content}
    </div>
  );
}

function blockNode(block: Block, at: number): VNode {
  switch (block.kind) {
    case 'paragraph':
      return <p key={at}>{block.children.map(inlineNode)}</p>;
    case 'heading':
      return (
        <p key={at} class={styles['heading']}>
          {block.children.map(inlineNode)}
        </p>
      );
    case 'code':
      return <CodeBlock key={at} text={block.text} />;
    case 'quote':
      return <blockquote key={at}>{block.children.map(blockNode)}</blockquote>;
    case 'list': {
      const items = block.items.map((item, place) => <li key={place}>{item.map(blockNode)}</li>);
      return block.start === undefined ? (
        <ul key={at}>{items}</ul>
      ) : (
        <ol key={at} start={block.start}>
          {items}
        </ol>
      );
    }
    case 'rule':
      return <hr key={at} />;
  }
}

function inlineNode(inline: Inline, at: number): ComponentChildren {
  switch (inline.kind) {
    case 'text':
      return inline.text;
    case 'break':
      return '\n'; // what stands here keeps its line breaks
    case 'code':
      return (
        <bdi key={at}>
          <code>{inline.text}</code>
        </bdi>
      );
    case 'strong':
      return <strong key={at}>{inline.children.map(inlineNode)}</strong>;
    case 'em':
      return <em key={at}>{inline.children.map(inlineNode)}</em>;
    case 'del':
      return <del key={at}>{inline.children.map(inlineNode)}</del>;
    case 'link':
      return (
        <bdi key={at}>
          <a href={inline.href} target="_blank" rel="noopener noreferrer">
            {inline.children.map(inlineNode)}
          </a>
          {inline.host !== undefined && (
            <>
              {' '}
              <bdi class={styles['host']}>({inline.host})</bdi>
            </>
          )}
        </bdi>
      );
  }
}

function CodeBlock({ text }: { readonly text: string }): VNode {
  const [copied, setCopied] = useState(false);
  const timer = useRef(0);
  const name = copied ? 'Copied' : 'Copy code';
  return (
    <div class={styles['code']} dir="ltr">
      <pre>
        <code>{text}</code>
      </pre>
      <button
        type="button"
        class={styles['copy']}
        aria-label={name}
        title={name}
        onClick={() => {
          void copyText(text).then((done) => {
            setCopied(done);
            clearTimeout(timer.current);
            timer.current = window.setTimeout(() => setCopied(false), COPIED_MS);
          });
        }}
      >
        <Icon name={copied ? 'check' : 'copy'} size={16} />
      </button>
    </div>
  );
}
