// Paths as a host writes them, taken apart for people: `/home/mara`, `C:\Users\Mara`, `\\nas\films`.

export interface Crumb {
  readonly name: string;
  readonly path: string;
}

/** From the root to the folder itself. */
export function crumbsOf(folder: string): readonly Crumb[] {
  const windows = /^[a-z]:|^\\\\/iu.test(folder);
  const root = (windows ? /^(?:[a-z]:\\?|\\\\[^\\]+\\[^\\]+\\?)/iu : /^\/*/u).exec(folder)?.[0] ?? '';
  const separator = windows ? '\\' : '/';
  const crumbs: Crumb[] = root === '' ? [] : [{ name: windows ? root.replace(/\\$/u, '') : '/', path: root }];
  let path = root;
  for (const name of folder.slice(root.length).split(separator)) {
    if (name === '') continue;
    path += path === '' || path.endsWith(separator) ? name : separator + name;
    crumbs.push({ name, path });
  }
  return crumbs;
}
