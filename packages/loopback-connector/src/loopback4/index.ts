/**
 * @stowage/loopback-connector/loopback4: the nine routes as a LoopBack 4 controller.
 *
 * - `controller.ts`: the controller, over any data source of this connector.
 * - `api.ts`: the description of its routes in OpenAPI 3.0.
 */
export {
  defineStorageController,
  StorageController,
  type StorageControllerOptions,
} from './controller.js'
