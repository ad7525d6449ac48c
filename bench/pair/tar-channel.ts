// What people do without us, at its fastest: `tar` at one end of the bare channel, `tar -x` at the other.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { DataChannel } from 'node-datachannel';
import { RAW_MESSAGE_BYTES } from '../pages/pair/end.ts';

/**
 * A raw sender keeps the channel's queue between these, bytes. What SCTP itself buffers, 1 MiB, comes on top, so it
 * never runs dry.
 */
export const RAW_BUFFERED_MAX: number = 1024 * 1024;
export const RAW_BUFFERED_LOW: number = 256 * 1024;

/** Of 512 bytes, in one write of `tar`: as much as a pipe holds, so that no message is shorter than it could be. */
const TAR_BLOCKS = '128';

/** A text message after the last byte: both ends are ours. */
const END = 'end';

/** Gets ready to send `directory` as soon as the other end asks. */
export function sendTar(channel: DataChannel, directory: string): void {
  channel.setBufferedAmountLowThreshold(RAW_BUFFERED_LOW);
  channel.onMessage(() => void pump(channel, directory));
}

/** Asks, and unpacks into `into`. Resolves to the ms until `tar` has ended well. */
export async function receiveTar(channel: DataChannel, into: string): Promise<number> {
  await mkdir(into, { recursive: true });
  const askedMs = performance.now();
  const tar = spawn('tar', ['-x', '-C', into], { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = endOf(tar);
  // It leaves what pads the last block unread: whether it went well, its exit code tells.
  tar.stdin.on('error', () => undefined);
  // What the pipe does not take at once waits in this process: tar is faster than the channel, or the figure is lost.
  channel.onMessage((message) => {
    if (typeof message === 'string') tar.stdin.end();
    else tar.stdin.write(new Uint8Array(message));
  });
  channel.sendMessageBinary(Buffer.alloc(1));
  await ended;
  return performance.now() - askedMs;
}

async function pump(channel: DataChannel, directory: string): Promise<void> {
  const tar = spawn('tar', ['-c', '-b', TAR_BLOCKS, '-C', dirname(directory), basename(directory)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const piece of tar.stdout as AsyncIterable<Buffer>) {
    for (let at = 0; at < piece.length; at += RAW_MESSAGE_BYTES) {
      channel.sendMessageBinary(piece.subarray(at, at + RAW_MESSAGE_BYTES));
    }
    if (channel.bufferedAmount() > RAW_BUFFERED_MAX) {
      await new Promise<void>((resolve) => channel.onBufferedAmountLow(resolve));
    }
  }
  channel.sendMessage(END);
}

function endOf(tar: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.once('error', reject);
    tar.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`tar ended with ${String(code)}`))));
  });
}
