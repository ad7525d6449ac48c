// A plain sentence and the next step, where this browser cannot run the app.
import type { VNode } from 'preact';
import type { Problem } from '../support.ts';
import { Shore } from './shore.tsx';
import styles from './start.module.css';

export function Unsupported({ problem }: { readonly problem: Problem }): VNode {
  return (
    <Shore>
      <section class={styles['panel']} role="alert">
        <h2 class={styles['problem']}>{problem.title}</h2>
        <p>
          {problem.cause} {problem.step}
        </p>
        {problem.href !== undefined && (
          <p class={styles['way']}>
            <a href={problem.href}>{problem.href}</a>
          </p>
        )}
      </section>
    </Shore>
  );
}
