// Small pictures of offered images, for those who are asked whether they want them.

/** Larger files are not decoded: their pictures take gigabytes of memory. */
const FILE_BYTES_MAX = 50 * 1024 * 1024;

/** The longer side of a thumbnail, pixels: twice what a card shows, for dense screens. */
const SIDE_PX_MAX = 160;

/** What an offer carries of a thumbnail, bytes. */
const THUMBNAIL_BYTES_MAX = 8 * 1024;

/** Tried in turn until one is small enough. */
const QUALITIES = [0.8, 0.6, 0.4, 0.2] as const;

/** What browsers decode; some systems tell no type for a file. */
const IMAGE_NAME = /\.(?:avif|bmp|gif|ico|jfif|jpe?g|png|webp)$/iu;
const IMAGE_TYPE = /^image\/(?!svg)/u;

/** One at a time: a decoded picture takes a hundred times what the file does. */
let last: Promise<unknown> = Promise.resolve();

/** A WebP of at most 160 px and 8 KiB of an image. Undefined if it is none, or there is no way. Never rejects. */
export function makeThumbnail(file: File): Promise<Uint8Array | undefined> {
  const image = IMAGE_TYPE.test(file.type) || (file.type === '' && IMAGE_NAME.test(file.name));
  if (!image || file.size > FILE_BYTES_MAX) return Promise.resolve(undefined);
  // What cannot be decoded, a damaged picture or one of a kind this browser does not know, has no thumbnail.
  const made = last.then(() => draw(file)).catch(() => undefined);
  last = made;
  return made;
}

async function draw(file: File): Promise<Uint8Array | undefined> {
  const bitmap = await createImageBitmap(file);
  try {
    const scale = Math.min(1, SIDE_PX_MAX / Math.max(bitmap.width, bitmap.height));
    const width = Math.max(1, Math.round(bitmap.width * scale));
    const height = Math.max(1, Math.round(bitmap.height * scale));
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d');
    if (context === null) return undefined;
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, 0, 0, width, height);
    for (const quality of QUALITIES) {
      const blob = await canvas.convertToBlob({ type: 'image/webp', quality });
      // A browser that does not write WebP gives PNG.
      if (blob.type !== 'image/webp') return undefined;
      if (blob.size <= THUMBNAIL_BYTES_MAX) return new Uint8Array(await blob.arrayBuffer());
    }
    return undefined;
  } finally {
    bitmap.close();
  }
}
