// A folder to offer, as a browser hands it out: a list of files. On Node a folder is a path.

export interface FileTree {
  /** Of the folder itself. */
  readonly name: string;
  /**
   * `path`: '/' separated, relative to the folder; no leading or trailing slash. In any order, each path once.
   * Directories may be left out if something lies in them.
   */
  readonly entries: readonly (
    { readonly path: string; readonly file: File } | { readonly path: string; readonly directory: true }
  )[];
}
