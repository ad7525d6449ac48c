// What is made of a message's Markdown: what may be shown and nothing else, in a time that nobody notices.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MESSAGE_TEXT_MAX } from '../../src/wire/talk.ts';
import { harmless, parseMarkdown, plainLine, plainText, type Block, type Inline } from '../../web/markdown.ts';

/** The most that reading one message may take, milliseconds. */
const READ_MS_MAX = 50;

const paragraph = (text: string): readonly Inline[] => {
  const [block] = parseMarkdown(text);
  return block?.kind === 'paragraph' ? block.children : [];
};

const texts = (blocks: readonly Block[]): string =>
  blocks
    .map((block) => {
      if (block.kind === 'code') return block.text;
      if (block.kind === 'quote') return texts(block.children);
      if (block.kind === 'list') return block.items.map(texts).join('');
      return block.kind === 'rule' ? '' : inlineTexts(block.children);
    })
    .join('');

const inlineTexts = (inlines: readonly Inline[]): string =>
  inlines
    .map((inline) =>
      inline.kind === 'break' ? '\n' : 'children' in inline ? inlineTexts(inline.children) : inline.text,
    )
    .join('');

describe('what people write most', () => {
  test.each([
    ['**bold**', 'strong'],
    ['*leaning*', 'em'],
    ['~~gone~~', 'del'],
    ['`code`', 'code'],
    ['https://a.example/', 'link'],
  ])('%s', (text, kind) => {
    expect(paragraph(text).map((inline) => inline.kind)).toEqual([kind]);
  });

  test('keeps its line breaks', () => {
    expect(paragraph('one\ntwo')).toEqual([
      { kind: 'text', text: 'one' },
      { kind: 'break' },
      { kind: 'text', text: 'two' },
    ]);
  });

  test('lists, quotes, rules and code between fences', () => {
    const blocks = parseMarkdown('> quoted\n\n- one\n- two\n\n3. three\n\n---\n```js\nlet a = "**";\n```\nafter');
    expect(blocks.map(({ kind }) => kind)).toEqual(['quote', 'list', 'list', 'rule', 'code', 'paragraph']);
    expect(blocks[2]).toMatchObject({ start: 3 });
    expect(blocks[4]).toEqual({ kind: 'code', text: 'let a = "**";' });
  });

  test('code without an end goes on to the end', () => {
    expect(parseMarkdown('```\n**a**')).toEqual([{ kind: 'code', text: '**a**' }]);
  });

  test('is quoted by its first line, without marks', () => {
    expect(plainLine('\n\n## The *first* [line](https://a.example)\n\nthe second')).toBe('The first line');
    expect(plainLine('```\nlet a;\n```')).toBe('let a;');
    expect(plainText('low **tide**\n\n- a\n- `b`\n\n```\nlet c;\nlet d;\n```')).toBe('low tide\na\nb\nlet c;\nlet d;');
  });
});

describe('what is not to be shown as more than text', () => {
  test.each([
    '<img src=x onerror="window.ran=1">',
    'a <b>bold</b> word',
    '<script>window.ran=1</script>',
    '[a](javascript:alert(1))',
    '[a](data:text/html,hello)',
    '[a](vbscript:x)',
    '[a](/relative)',
    '![a](file:///etc/passwd)',
    '| a | b |\n| - | - |\n| c | d |',
  ])('%s', (text) => {
    expect(texts(parseMarkdown(text))).toBe(text);
    expect(JSON.stringify(parseMarkdown(text))).not.toContain('"link"');
  });

  test('a picture is a link to it', () => {
    expect(paragraph('![a cat](https://a.example/cat.png)')).toEqual([
      {
        kind: 'link',
        href: 'https://a.example/cat.png',
        host: 'a.example',
        children: [{ kind: 'text', text: 'a cat' }],
      },
    ]);
  });

  test.each([
    ['[https://good.example/](https://evil.example/)', 'evil.example'],
    ['https://good.example@evil.example/', 'evil.example'],
    ['[https://good.example](https://good.example.evil.example)', 'good.example.evil.example'],
    ['[https://\u0430pple.example/](https://\u0430pple.example/)', 'xn--pple-43d.example'],
    ['[write](mailto:mara@a.example)', 'mara@a.example'],
    ['https://a.example/?q=1', undefined],
    ['www.a.example', undefined],
    ['mara@a.example', undefined],
  ])('the link %s says that it leads to %s', (text, host) => {
    expect(paragraph(text)).toMatchObject([{ kind: 'link', host }]);
  });

  test('characters that turn or hide a text are left out, joined emoji stay', () => {
    expect(texts(parseMarkdown('invoice\u202Efdp.exe \u2066x\u2069 z\u200Bero'))).toBe('invoicefdp.exe x zero');
    expect(harmless('👩‍👩‍👧')).toBe('👩‍👩‍👧');
  });
});

describe('a text made to be costly', () => {
  const fill = (part: string): string => part.repeat(MESSAGE_TEXT_MAX).slice(0, MESSAGE_TEXT_MAX);
  const deepening = (mark: string): string =>
    Array.from({ length: 120 }, (_, at) => `${mark.repeat(at)}- a`)
      .join('\n')
      .slice(0, MESSAGE_TEXT_MAX);
  const around = (mark: string): string => `${mark.repeat(4000)}a${mark.repeat(4000)}`;

  /** Processor time, so that a busy machine changes nothing; the least of three, each of a text of its own. */
  const ms = (text: string): number =>
    Math.min(
      ...[0, 1, 2].map((less) => {
        const began = process.cpuUsage();
        parseMarkdown(text.slice(0, text.length - less));
        const { user, system } = process.cpuUsage(began);
        return (user + system) / 1000;
      }),
    );

  const parts = ['>', '> ', '*', '*a ', '*a_ ', '_a', '**a*', '[', '[a](', '![', '`', '<', '<a ', '<!--', '- ', '1. '];
  const more = [
    '1. a\n',
    '- a\n\n',
    'a\n- b\n',
    '> - ',
    '>- 1. ',
    'a\n=\n',
    '~~a',
    '|a|b\n',
    'a.',
    'a@b.',
    'www.',
    '&',
  ];
  const rest = [
    '[a]: b\n',
    '[x]',
    '_a*b~c`d[',
    '\\',
    '\t',
    '\n',
    ' ',
    '```\n',
    '```\n**\n',
    '> a\n',
    'http://a.b_*',
    '# ',
  ];

  test.each([...parts, ...more, ...rest].map((part) => [JSON.stringify(part), fill(part)]))(
    'is read at once: %s again and again',
    (_, text) => {
      expect(ms(text)).toBeLessThan(READ_MS_MAX);
    },
  );

  test.each([
    ['lists ever deeper', deepening(' ')],
    ['lists ever deeper, faster', deepening('  ')],
    ['quotes ever deeper', deepening('>')],
    ['stars around', around('*')],
    ['brackets around', `${'['.repeat(2000)}a${'](b)'.repeat(1500)}`],
    ['a table of many columns', `${'|'.repeat(3000)}\n${'|-'.repeat(2500)}`],
  ])('is read at once: %s', (_, text) => {
    expect(ms(text)).toBeLessThan(READ_MS_MAX);
  });

  test('of whatever marks, is read at once and loses no word', () => {
    const mark = fc.constantFrom(...parts, ...more, ...rest, 'word ', '\n\n', '  ', '    ', '"', '(', ')');
    const text = fc.array(fc.tuple(mark, fc.integer({ min: 1, max: 400 })), { maxLength: 40 });
    fc.assert(
      fc.property(text, (pieces) => {
        const hostile = pieces
          .map(([piece, times]) => piece.repeat(times))
          .join('')
          .slice(0, MESSAGE_TEXT_MAX);
        expect(ms(hostile)).toBeLessThan(READ_MS_MAX);
      }),
      { numRuns: 300 },
    );
  });
});
