// What Vite adds to the language (CSS modules, asset addresses), and what some browsers have beyond the DOM's own types.
/// <reference types="vite/client" />

interface FilePermission {
  readonly mode: 'read' | 'readwrite';
}

interface FileSystemHandle {
  queryPermission?(wanted: FilePermission): Promise<PermissionState>;
  requestPermission?(wanted: FilePermission): Promise<PermissionState>;
}

interface DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemFileHandle | FileSystemDirectoryHandle | null>;
}

interface Window {
  showDirectoryPicker?(options: FilePermission & { readonly id?: string }): Promise<FileSystemDirectoryHandle>;
  showSaveFilePicker?(options: {
    readonly suggestedName: string;
    readonly id: string;
    readonly types: readonly { readonly accept: Readonly<Record<string, readonly string[]>> }[];
  }): Promise<FileSystemFileHandle>;
}
