/**
 * @stowage/provider-fs: containers and files on a plain directory.
 *
 * - `settings.ts`, `capabilities.ts`: the settings and the capabilities. `provider.ts`: the calls,
 *   put together.
 * - `containers.ts`, `lister.ts`, `reader.ts`, `writer.ts`, `remover.ts`, `copier.ts`,
 *   `uploads.ts`, `hidden-files.ts`, `signing.ts`, `direct-uploads.ts`: the contract's calls.
 * - `mapping/`: names, which are kept, except for what no disk can hold; and the system's errors as
 *   those of the contract.
 * - `disk/`: directories, locks and temporary files.
 * - `platform/`: what Windows does differently from Linux and macOS.
 * - `files/`: where a file is, its versions and attributes, commits and cleaning up.
 * - `uploads/`: unfinished multipart uploads and their parts.
 *
 * Configuration: `root`, and `createRoot`, `fsync`, `chunkSize`, `signedUrls`.
 *
 * Layout: a container is a directory in the root, and a file is a file below it, under its name.
 * The provider's own data is in `.stowage` in the root, on the same file system, created by the
 * first write:
 * - `.stowage/tmp/`: files that are being written or removed, named after the process
 *   (`disk/temporary.ts`, `disk/owner.ts`)
 * - `.stowage/locks/`: a mark for each name that is being replaced, which is a symbolic link, or a
 *   small file on Windows (`disk/locks.ts`, `disk/lease.ts`)
 * - `.stowage/attributes/<container>/`: attributes that a file's name does not imply, for each
 *   version that has them (`files/attributes.ts`)
 * - `.stowage/uploads/<container>/<id>/`: unfinished multipart uploads (`uploads.ts`,
 *   `uploads/part-data.ts`)
 * - `.stowage/hidden/<container>/`: hidden files (`hidden-files.ts`)
 *
 * Writing: a body is written to a temporary file (`writer.ts`), which is renamed into place while
 * the name's lock is held, or linked without a lock if nothing is there (`files/commit.ts`). Its
 * modification time is set explicitly, grows with every version and identifies the version
 * (`files/versions.ts`). Copies and moves (`copier.ts`) and removals (`remover.ts`) do the same.
 *
 * Reading (`reader.ts`): an open descriptor is a version, and its attributes are those of that
 * version. Lists (`lister.ts`, `files/snapshots.ts`) read the directories that a page touches, and
 * stat the files that it shows.
 *
 * Symbolic links (`disk/directories.ts`): never followed at or below a container; on Linux, not
 * even one that was created between the check and the use.
 *
 * Consistency: every finished call is visible to the next one, from every process on the machine;
 * conditions are atomic between all of them. `kill -9` at any moment leaves the old file or the new
 * one; the next process that writes cleans up `.stowage` (`files/cleaner.ts`).
 */

export {
  createProvider,
  type FilesystemNative,
  FilesystemProvider,
  type FilesystemProviderOptions,
} from './provider.js'
export { type FilesystemSettings, settings } from './settings.js'
