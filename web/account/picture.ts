// A picture of somebody, made small in the page: the square around its middle, of as many pixels as the server has room for.

/** What the server takes, bytes. */
const PICTURE_BYTES_MAX = 32 * 1024;

/** Of the square's side, pixels, and of WebP's quality: tried in turn until one is small enough. */
const TRIES = [
  [256, 0.85],
  [256, 0.6],
  [192, 0.5],
  [128, 0.5],
  // Where a browser does not write WebP it is PNG: of this size always small enough.
  [80, 0.5],
] as const;

/** Larger ones are not decoded: that takes gigabytes of memory. */
const FILE_BYTES_MAX = 50 * 1024 * 1024;

export interface Square {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** The largest square in the middle of a picture. */
export function middleOf(width: number, height: number): Square {
  const side = Math.min(width, height);
  return { x: Math.floor((width - side) / 2), y: Math.floor((height - side) / 2), side };
}

/** A WebP, or a PNG. Rejects with an Error that says what is wrong with `file`. */
export async function accountPicture(file: Blob): Promise<Blob> {
  if (file.size > FILE_BYTES_MAX) throw new Error('This picture is too large. Choose a smaller one.');
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error('This browser cannot read that as a picture. Choose another one.');
  });
  try {
    for (const [sidePx, quality] of TRIES) {
      const made = await drawn(bitmap, sidePx, quality);
      if (made.size <= PICTURE_BYTES_MAX) return made;
    }
  } finally {
    bitmap.close();
  }
  throw new Error('This picture could not be made small enough. Choose another one.');
}

function drawn(bitmap: ImageBitmap, sidePxMax: number, quality: number): Promise<Blob> {
  const { x, y, side } = middleOf(bitmap.width, bitmap.height);
  const sidePx = Math.min(side, sidePxMax);
  const canvas = new OffscreenCanvas(sidePx, sidePx);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('This browser could not draw the picture. Reload the page and try again.');
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, x, y, side, side, 0, 0, sidePx, sidePx);
  return canvas.convertToBlob({ type: 'image/webp', quality });
}
