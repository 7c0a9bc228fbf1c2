using System.Text.Json;
using Backup.Daemon.Jobs;
using Backup.Metadata;

namespace Backup.Daemon.Grooming;

/// <summary>
/// Manifests of heads in the newest export of the catalogue: a head goes on from there where that export is imported. Kept in the catalogue's settings. The snapshots of an
/// export are not among them: one that is deleted gives its room back with the next groom.
/// </summary>
public static class ExportedHeads
{
    private const string Name = "metadata.export.heads";

    /// <summary>An export begins: heads as they are now count beside those of the export before.</summary>
    public static async Task BeginAsync(IMetadataStore metadata, CancellationToken cancellation = default)
    {
        var heads = (await ReadAsync(metadata.Settings, cancellation)).ToList();
        foreach (var set in await metadata.Deployments.ReplicaSetsAsync(cancellation))
        {
            if (await metadata.Heads.FindAsync(set.Id, cancellation) is { } head)
            {
                heads.Add(new ExportedHead(set.Id, head.ManifestBlock));
            }
        }

        await WriteAsync(metadata.Settings, heads, cancellation);
    }

    /// <summary>An export was made: its heads count, and no others.</summary>
    /// <param name="settings">Of the catalogue.</param>
    /// <param name="heads">Manifests by replica set.</param>
    /// <param name="cancellation">Those of before still count then.</param>
    public static Task SetAsync(
        ISettings settings,
        IReadOnlyDictionary<string, string> heads,
        CancellationToken cancellation = default
    ) => WriteAsync(settings, heads.Select(static one => new ExportedHead(one.Key, one.Value)), cancellation);

    /// <summary>What a groom keeps for them; nothing of a group whose keys were destroyed.</summary>
    internal static async Task<IReadOnlyList<ManifestReference>> ListAsync(
        IMetadataStore metadata,
        CancellationToken cancellation
    )
    {
        var heads = await ReadAsync(metadata.Settings, cancellation);
        if (heads.Count == 0)
        {
            return [];
        }

        var destroyed = (await metadata.GroupKeys.DestroyedAsync(cancellation))
            .Select(static one => one.GroupId)
            .ToHashSet(StringComparer.Ordinal);
        var deployments = (await metadata.Deployments.ListAsync(cancellation))
            .Where(one => !destroyed.Contains(one.GroupId))
            .Select(static one => one.Id)
            .ToHashSet(StringComparer.Ordinal);
        var sets = (await metadata.Deployments.ReplicaSetsAsync(cancellation))
            .Where(one => deployments.Contains(one.DeploymentId))
            .ToDictionary(static one => one.Id, static one => one.Name, StringComparer.Ordinal);
        return
        [
            .. heads
                .Where(one => sets.ContainsKey(one.ReplicaSetId))
                // Where it is not there any more nothing is lost that is needed now.
                .Select(one => new ManifestReference(
                    one.ManifestBlock,
                    $"head of {sets[one.ReplicaSetId]} in the newest export",
                    IsHold: true
                )
                {
                    ReplicaSetId = one.ReplicaSetId,
                }),
        ];
    }

    private static async Task<IReadOnlyList<ExportedHead>> ReadAsync(
        ISettings settings,
        CancellationToken cancellation
    ) =>
        await settings.FindAsync(Name, cancellation) is { } json
            ? JsonSerializer.Deserialize<List<ExportedHead>>(json, JobKinds.Json)!
            : [];

    private static Task WriteAsync(
        ISettings settings,
        IEnumerable<ExportedHead> heads,
        CancellationToken cancellation
    ) => settings.SetAsync(Name, JsonSerializer.Serialize(heads.Distinct(), JobKinds.Json), cancellation);

    private sealed record ExportedHead(string ReplicaSetId, string ManifestBlock);
}
