// The frames' readers and writers are written out by hand for speed. Their layouts are declared as data: here the one is
// held to the other, for every kind and every field.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DATA, DATA_HEADER_BYTES, DatagramWriter, decodeDatagram } from '../../src/wire/datagram.ts';
import { FRAMES, frameBytes, readFrames, writeFrame, type Frame, type FrameKind } from '../../src/wire/frames.ts';
import { Cursor, template, type Fields } from '../../src/wire/template.ts';
import { dataHeader, frameOf } from './arbitrary.ts';

const kinds = Object.keys(FRAMES) as FrameKind[];

describe.each(kinds)('the frame %s', (kind) => {
  const layout = template<Fields>(FRAMES[kind].fields);

  test('is written as its layout is declared', () => {
    fc.assert(
      fc.property(frameOf(kind), (frame) => {
        const written = new Cursor(new Uint8Array(2048));
        writeFrame(written, frame);
        const declared = new Cursor(new Uint8Array(2048));
        declared.putU8(FRAMES[kind].type);
        layout.write(declared, frame as never);
        expect(written.at).toBe(declared.at);
        expect(Buffer.compare(written.bytes, declared.bytes)).toBe(0);
      }),
    );
  });

  test('is read as its layout is declared', () => {
    fc.assert(
      fc.property(frameOf(kind), (frame) => {
        const to = new Cursor(new Uint8Array(2048));
        to.putU8(FRAMES[kind].type);
        layout.write(to, frame as never);
        expect(readFrames(new Cursor(to.bytes.subarray(0, to.at)))).toEqual([frame]);
        const from = new Cursor(to.bytes.subarray(1, to.at));
        expect({ kind, ...layout.read(from) }).toEqual(frame);
      }),
    );
  });

  test('says how many bytes it takes beside its payload', () => {
    fc.assert(
      fc.property(frameOf(kind), (frame) => {
        const to = new Cursor(new Uint8Array(2048));
        writeFrame(to, frame);
        expect(to.at).toBe(frameBytes(kind) + payloadBytes(frame));
      }),
    );
  });

  test('is refused wherever it is cut', () => {
    fc.assert(
      fc.property(frameOf(kind), (frame) => {
        const to = new Cursor(new Uint8Array(2048));
        writeFrame(to, frame);
        for (let length = 1; length < to.at; length++) {
          expect(readFrames(new Cursor(to.bytes.subarray(0, length)))).toBeUndefined();
        }
      }),
    );
  });
});

test('no two kinds of frame have one number, and none is 0', () => {
  const numbers = kinds.map((kind) => FRAMES[kind].type);
  expect(new Set(numbers).size).toBe(kinds.length);
  expect(numbers).not.toContain(0);
});

test('the header of data is written and read as its layout is declared', () => {
  const layout = template(DATA);
  const writer = new DatagramWriter();
  fc.assert(
    fc.property(dataHeader, (header) => {
      writer.begin(256, header);
      const bytes = writer.finish();
      expect(bytes.length).toBe(DATA_HEADER_BYTES);
      expect(layout.read(new Cursor(bytes.subarray(2)))).toEqual(header);
      expect(decodeDatagram(bytes)).toEqual({ kind: 'data', ...header, frames: [] });
    }),
  );
});

function payloadBytes(frame: Frame): number {
  if (frame.kind === 'ack') return frame.ranges.length * 4;
  return 'bytes' in frame ? frame.bytes.length : 0;
}
