// Somebody with a page open. They know the page only by what anybody can see or hear of it: roles, names and words.
import type { Download, Locator, Page } from 'playwright-core';

/** How long a large file may take on a busy machine, milliseconds. */
const TRANSFER_MS = 120_000;
/** How long the list of people is watched for a change, milliseconds. */
const WATCH_MS = 10_000;

export class Person {
  readonly page: Page;
  readonly name: string;
  /** What went wrong without being shown: script errors, and what the content security policy had to refuse. */
  readonly troubles: string[] = [];

  constructor(page: Page, name: string) {
    this.page = page;
    this.name = name;
    page.on('pageerror', (error) => this.troubles.push(error.message));
    page.on('console', (line) => {
      if (/content.security.policy/iu.test(line.text())) this.troubles.push(line.text());
    });
  }

  get people(): Locator {
    return this.page.getByRole('list', { name: 'People' });
  }

  get conversation(): Locator {
    return this.page.getByRole('log', { name: 'Conversation' });
  }

  get transfers(): Locator {
    return this.page.getByRole('region', { name: 'Transfers' });
  }

  get message(): Locator {
    return this.page.getByRole('textbox', { name: 'Message' });
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** From the start screen into `pool`. */
  async join(pool: string): Promise<void> {
    await this.page.getByRole('textbox', { name: 'Your name' }).fill(this.name);
    await this.page.getByRole('textbox', { name: 'Pool code' }).fill(pool);
    await this.button('Join pool').click();
    await this.arrives();
  }

  /** The pool is there, and the room in which to write. */
  async arrives(): Promise<void> {
    await this.page.locator('#message-field:enabled').waitFor();
  }

  async say(text: string): Promise<void> {
    await this.message.fill(text);
    await this.button('Send').click();
  }

  async hears(text: string): Promise<void> {
    await this.conversation.getByText(text, { exact: true }).waitFor();
  }

  /** Somebody's line in the list of people. */
  personIn(name: string): Locator {
    return this.people.getByRole('listitem').filter({ has: this.page.getByText(name, { exact: true }) });
  }

  /** Waits until `name` is there and linked to this device. */
  async sees(name: string): Promise<void> {
    await this.personIn(name).getByText('direct').waitFor();
  }

  /**
   * Watches the list of people in the page itself. Resolves to the wall-clock time, ms, at which `name` was first
   * seen there, or first seen missing; to Infinity if that does not come about.
   */
  async watch(name: string, wish: 'there' | 'gone'): Promise<number> {
    return this.people.evaluate(
      (list, [name, wish, limitMs]) =>
        new Promise<number>((resolve) => {
          const look = (): void => {
            const there = [...list.querySelectorAll('bdi')].some((each) => each.textContent === name);
            if (there !== (wish === 'there')) return;
            observer.disconnect();
            resolve(Date.now());
          };
          const observer = new MutationObserver(look);
          setTimeout(() => {
            observer.disconnect();
            resolve(Infinity);
          }, limitMs);
          observer.observe(list, { subtree: true, childList: true, characterData: true });
          look();
        }),
      [name, wish, WATCH_MS] as const,
    );
  }

  /** Another's live cursor over the conversation. It is there for the eye alone, so it has no role to be found by. */
  cursorOf(name: string): Locator {
    return this.page.locator('[data-cursor]').filter({ has: this.page.getByText(name, { exact: true }) });
  }

  get cursorSwitch(): Locator {
    return this.button('Show cursors');
  }

  /** Puts the pointer at these parts (0 to 1) of the conversation's width and height. */
  async pointAt(x: number, y: number): Promise<void> {
    const { left, top, width, height } = await this.#board();
    await this.page.mouse.move(left + x * width, top + y * height);
  }

  /** The tip of another's cursor in parts of the conversation; and what a pixel is there. Undefined while there is none. */
  async cursorAt(name: string): Promise<{ readonly x: number; readonly y: number } | undefined> {
    const board = await this.#board();
    const tip = await this.cursorOf(name).evaluateAll((found) => {
      const [box] = found.map((cursor) => cursor.getBoundingClientRect());
      return box === undefined ? undefined : { left: box.left, top: box.top };
    });
    return tip === undefined
      ? undefined
      : { x: (tip.left - board.left) / board.width, y: (tip.top - board.top) / board.height };
  }

  /** What is seen of the conversation, in pixels of the page. */
  #board(): Promise<{ readonly left: number; readonly top: number; readonly width: number; readonly height: number }> {
    return this.conversation.evaluate((log) => {
      const { left, top, width, height } = (log.parentElement ?? log).getBoundingClientRect();
      return { left, top, width, height };
    });
  }

  /** Offers a file through the file chooser: a path, or content made up for the test. */
  async attach(file: string | { readonly name: string; readonly text: string }): Promise<void> {
    const chooser = this.page.waitForEvent('filechooser');
    await this.button('Attach files').click();
    const content = (text: string) => ({ mimeType: 'application/octet-stream', buffer: Buffer.from(text) });
    await (await chooser).setFiles(typeof file === 'string' ? file : { name: file.name, ...content(file.text) });
  }

  /** Drops files and folders from the disk on the page, as a file manager does. */
  async drop(...paths: readonly string[]): Promise<void> {
    const { width = 0, height = 0 } = this.page.viewportSize() ?? {};
    const letGo = await this.#drag(width / 2, height / 2, paths);
    await letGo();
  }

  /** Drags files from the disk over somebody's line in the list of people; what it resolves to lets go of them there. */
  async dragOnto(name: string, ...paths: readonly string[]): Promise<() => Promise<void>> {
    const line = await this.personIn(name).boundingBox();
    if (line === null) throw new Error(`${name}: not in sight`);
    return this.#drag(line.x + line.width / 3, line.y + line.height / 2, paths);
  }

  async #drag(x: number, y: number, paths: readonly string[]): Promise<() => Promise<void>> {
    const devtools = await this.page.context().newCDPSession(this.page);
    const data = { items: [], files: [...paths], dragOperationsMask: 1 };
    const send = (type: 'dragEnter' | 'dragOver' | 'drop'): Promise<unknown> =>
      devtools.send('Input.dispatchDragEvent', { type, x, y, data });
    await send('dragEnter');
    await send('dragOver');
    return async () => {
      await send('drop');
      await devtools.detach();
    };
  }

  /**
   * Offers a folder of the browser's own through the menu: unlike one of the disk, it may be read for ever, as one that a
   * person has allowed for good.
   */
  async offerOwnFolder(name: string, files: Readonly<Record<string, string>>): Promise<void> {
    await this.page.evaluate(
      async ([folderName, content]) => {
        const root = await navigator.storage.getDirectory();
        const folder = await root.getDirectoryHandle(folderName, { create: true });
        for (const [file, text] of Object.entries(content)) {
          const writer = await (await folder.getFileHandle(file, { create: true })).createWritable();
          await writer.write(text);
          await writer.close();
        }
        window.showDirectoryPicker = () => Promise.resolve(folder);
      },
      [name, files] as const,
    );
    await this.button('More to attach').click();
    await this.button('Folder…').click();
    await this.review.getByText(name, { exact: true }).waitFor();
    await this.sendReviewed();
  }

  /** What is looked at before it is sent. */
  get review(): Locator {
    return this.page.getByRole('dialog', { name: 'Share this?' });
  }

  async sendReviewed(): Promise<void> {
    await this.review.getByRole('button', { name: 'Send' }).click();
    await this.review.waitFor({ state: 'hidden' });
  }

  /** Receives at most this many MB/s from now on. */
  async receiveAtMost(megabytes: number): Promise<void> {
    await this.page.getByRole('button', { name: /^Speed limit/u }).click();
    await this.page.getByRole('textbox', { name: 'Receive at most' }).fill(String(megabytes));
    await this.button('Set').click();
  }

  async receiveUnlimited(): Promise<void> {
    await this.page.getByRole('button', { name: /^Speed limit/u }).click();
    await this.button('No limit').click();
    await this.page.keyboard.press('Escape');
  }

  /** Loads the page anew and agrees to interrupt what is under way; the page joins its pool by itself. */
  async reload(): Promise<void> {
    this.page.once('dialog', (dialog) => void dialog.accept());
    await this.page.reload();
    await this.arrives();
  }

  /** The whole percents that the card of this offer shows; waits until it shows some. */
  async percentOf(file: string): Promise<number> {
    const text = await this.offer(file)
      .getByText(/^\d+%$/u)
      .first()
      .textContent();
    return Number.parseInt(text ?? '', 10);
  }

  /** The card of the newest offer of this one file, one's own or another's. */
  offer(file: string): Locator {
    return this.conversation.getByRole('article', { name: file }).last();
  }

  async accept(file: string): Promise<void> {
    await this.offer(file).getByRole('button', { name: 'Accept' }).click();
  }

  /** Waits until more than 5 percent of the file are over, and says so while it still runs. */
  async isMidway(file: string): Promise<void> {
    await this.offer(file)
      .getByText(/^([6-9]|[1-9]\d)%$/u)
      .first()
      .waitFor();
  }

  /** Waits for the word that all of the file is there and is what was offered. */
  async isVerified(file: string, words: string = 'Verified'): Promise<void> {
    await this.offer(file).getByText(words, { exact: true }).waitFor({ timeout: TRANSFER_MS });
  }

  /** Saves a received file, or a folder's archive, to the browser's downloads. */
  async save(file: string, how: 'Save' | 'Save .tar' = 'Save'): Promise<Download> {
    const download = this.page.waitForEvent('download');
    await this.offer(file).getByRole('button', { name: how, exact: true }).click();
    return download;
  }
}
