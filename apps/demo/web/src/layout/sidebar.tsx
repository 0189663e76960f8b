/**
 * Data sources, and the containers of the one that is chosen.
 */
import { type Container, type DataSource, wordsOf } from '../storage/api.ts'
import { ErrorNote } from './dialog.tsx'
import { Icon } from './icons.tsx'
import { addressOf, type Place } from './place.ts'
import type { ContainerList } from './use-containers.ts'

const providerNames: Readonly<Record<string, string>> = {
  filesystem: 'Plain directory',
  memory: 'Memory',
  amazon: 'Amazon S3',
  azure: 'Azure Blob',
  openstack: 'OpenStack Swift',
  rackspace: 'Rackspace Cloud Files',
}

export const providerName = (provider: string) => providerNames[provider] ?? provider

interface SidebarProps {
  readonly sources: readonly DataSource[]
  readonly source: DataSource | undefined
  readonly place: Place
  readonly containers: ContainerList
  readonly onCreate: () => void
  readonly onDestroy: (container: Container) => void
}

export function Sidebar({ sources, source, place, containers, onCreate, onDestroy }: SidebarProps) {
  return (
    <div class="sidebar-content">
      <p class="brand">
        <img src="icon.svg" alt="" width="28" height="28" />
        Stowage
      </p>
      <nav aria-labelledby="sources-title">
        <div class="sidebar-head">
          <h2 id="sources-title">Data sources</h2>
        </div>
        <ul class="nav-list">
          {sources.map((each) => (
            <li key={each.name}>
              <a href={addressOf(each.name)} class="source" aria-current={each === source ? 'true' : undefined}>
                <span class={`dot ${each.error === undefined ? 'good' : 'bad'}`} />
                <span class="source-names">
                  <bdi>{each.name}</bdi>
                  <small>
                    {providerName(each.provider)}
                    {each.error !== undefined && ' · cannot be used'}
                  </small>
                </span>
              </a>
            </li>
          ))}
        </ul>
      </nav>
      {source !== undefined && source.error === undefined && (
        <nav class="containers" aria-labelledby="containers-title">
          <div class="sidebar-head">
            <h2 id="containers-title">Containers</h2>
            <button
              type="button"
              class="icon-button"
              aria-label="New container"
              title="New container"
              onClick={onCreate}
            >
              <Icon name="plus" />
            </button>
          </div>
          {containers.error !== undefined && (
            <ErrorNote retry={containers.reload}>{wordsOf(containers.error)}</ErrorNote>
          )}
          <ul class="nav-list">
            {containers.entries.map((container) => (
              <li key={container.name} class="container">
                <a
                  href={addressOf(source.name, container.name)}
                  aria-current={container.name === place.container ? 'page' : undefined}
                >
                  <Icon name="box" size={18} />
                  <bdi>{container.name}</bdi>
                </a>
                <button
                  type="button"
                  class="icon-button quiet"
                  aria-label={`Delete the container ${container.name}`}
                  title="Delete"
                  onClick={() => onDestroy(container)}
                >
                  <Icon name="trash" size={16} />
                </button>
              </li>
            ))}
          </ul>
          {containers.complete && containers.entries.length === 0 && <p class="hint">No containers yet.</p>}
          {containers.more !== undefined && (
            <button type="button" class="button wide" onClick={containers.more}>
              More containers
            </button>
          )}
        </nav>
      )}
      <footer class="sidebar-foot">
        <a href="explorer/">API explorer</a>
        <a href="openapi.json">OpenAPI</a>
      </footer>
    </div>
  )
}
