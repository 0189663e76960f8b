/** Containers: read, create and destroy. */
import { checkContainer, checkFlag } from '../../checks/arguments.js'
import { isStorageError } from '../../contract/errors.js'
import type { ContainerInfo } from '../../contract/files.js'
import type { ServiceContext } from '../context.js'
import type { CreateContainerOptions, OperationOptions } from '../options.js'

export function getContainer(
  { provider, operations }: ServiceContext,
  method: 'getContainer' | 'hasContainer',
  container: string,
  options: OperationOptions,
): Promise<ContainerInfo> {
  return operations.repeat(method, { container }, options, (signal) => {
    checkContainer(container, provider.capabilities)
    return provider.getContainer(container, { signal })
  })
}

export function createContainer(
  { provider, operations, retry }: ServiceContext,
  options: CreateContainerOptions,
): Promise<ContainerInfo> {
  const container = options?.name
  return operations.run('createContainer', { container }, options, async (signal) => {
    checkContainer(container, provider.capabilities)
    const ifNotExists = checkFlag('ifNotExists', options.ifNotExists)
    try {
      return await retry.run(signal, ifNotExists, () => provider.createContainer(container, { signal }))
    } catch (error) {
      if (!ifNotExists || !isStorageError(error, 'CONTAINER_EXISTS')) throw error
      return await retry.run(signal, true, () => provider.getContainer(container, { signal }))
    }
  })
}

export function destroyContainer(
  { provider, operations }: ServiceContext,
  container: string,
  options: OperationOptions & { readonly onlyIfEmpty?: boolean },
): Promise<void> {
  return operations.once('destroyContainer', { container }, options, (signal) => {
    checkContainer(container, provider.capabilities)
    const onlyIfEmpty = checkFlag('onlyIfEmpty', options.onlyIfEmpty)
    return provider.destroyContainer(container, { signal, onlyIfEmpty })
  })
}
