/**
 * @stowage/loopback-connector: LoopBack's storage component as a connector for LoopBack 3 and 4.
 *
 * - `connector.ts`: the connector that a data source calls. `service.ts`: the methods.
 *   `remote-methods.ts`: the methods that clients can call.
 * - `settings.ts`, `upload-options.ts`, `download-options.ts`: the data source's settings.
 * - `pkgcloud-provider.ts`, `pkgcloud-client.ts`: providers with pkgcloud's interface.
 * - `loopback4/`: the controller for LoopBack 4, a separate entry point.
 * - `callbacks.ts`, `entities.ts`, `errors.ts`, `streams.ts`, `stored-files.ts`, `legacy.ts`,
 *   `http.ts`: arguments and results in the shape of the storage component.
 */
import { initialize } from './connector.js'
import { StorageService } from './service.js'

export type { Callback } from './callbacks.js'
export type { ConnectorDataSource, StorageConnector } from './connector.js'
export type { Container, File, Metadata } from './entities.js'
export type { ConnectorError } from './errors.js'
export type {
  ContainerName,
  FileName,
  ListFilesOptions,
  UploadCallOptions,
} from './service.js'
export type { ConnectorSettings } from './settings.js'
export type { UploadedFile, UploadResult } from './stored-files.js'
export type { DownloadStreamOptions, UploadStreamOptions } from './streams.js'
export type { ConnectorUploadOptions } from './upload-options.js'
export { initialize, StorageService }

/**
 * The value of `require()`: a plain object, because LoopBack writes the connector's name into it.
 */
const connector = { initialize, StorageService }

/**
 * @internal Not in the declarations: TypeScript before 5.6, which LoopBack 4 uses, cannot read such
 * a name.
 */
export { connector as 'module.exports' }
