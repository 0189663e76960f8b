/**
 * @stowage/loopback-connector/loopback4: the nine routes as a controller of LoopBack 4.
 *
 * - `controller.ts`: the controller, over any data source of this connector. `api.ts`: its routes, described in OpenAPI 3.0.
 */
export {
  defineStorageController,
  StorageController,
  type StorageControllerOptions,
} from './controller.js'
