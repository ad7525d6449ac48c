// What Vite adds to the language: CSS modules and asset addresses.
/// <reference types="vite/client" />
