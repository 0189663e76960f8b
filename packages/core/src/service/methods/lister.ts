/** Lists of containers and files, by entries and by pages. */
import { checkContainer, checkList } from '../../checks/arguments.js'
import type { ContainerInfo, FileEntry, FolderEntry } from '../../contract/files.js'
import type { ListCallOptions } from '../../contract/provider.js'
import type { ServiceContext } from '../context.js'
import type { ListFilesOptions, ListOptions, OperationOptions, Page, PageOptions } from '../options.js'

export function containers(
  { provider, operations }: ServiceContext,
  method: 'getContainers' | 'containers',
  options: ListOptions,
): AsyncIterableIterator<ContainerInfo> {
  return operations.iterate(method, {}, options, (call) => provider.listContainers(call))
}

export function containerPage(
  { provider, operations }: ServiceContext,
  options: OperationOptions & PageOptions,
): Promise<Page<ContainerInfo>> {
  const identity = () => ['containers']
  return operations.page('containerPage', {}, options, identity, (call) => provider.listContainers(call))
}

export function files(
  context: ServiceContext,
  method: 'getFiles' | 'files',
  container: string,
  options: ListFilesOptions,
): AsyncIterableIterator<FileEntry | FolderEntry> {
  return context.operations.iterate(method, { container }, options, (call) =>
    listFiles(context, container, options, call),
  )
}

export function filePage(
  context: ServiceContext,
  container: string,
  options: Omit<ListFilesOptions, 'pageSize'> & PageOptions,
): Promise<Page<FileEntry | FolderEntry>> {
  const identity = () => ['files', container, options.prefix ?? '', options.delimiter]
  return context.operations.page('filePage', { container }, options, identity, (call) =>
    listFiles(context, container, options, call),
  )
}

function listFiles(
  { provider }: ServiceContext,
  container: string,
  options: ListFilesOptions,
  call: ListCallOptions,
): ReturnType<typeof provider.listFiles> {
  checkContainer(container, provider.capabilities)
  return provider.listFiles(container, { ...call, ...checkList(options, call.next === undefined) })
}
