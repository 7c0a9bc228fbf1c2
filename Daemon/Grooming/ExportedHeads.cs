using System.Text.Json;
using Backup.Daemon.Jobs;
using Backup.Metadata;
using Backup.Metadata.Exports;

namespace Backup.Daemon.Grooming;

/// <summary>
/// Manifests of heads in the newest exports of the catalogue: a head goes on from there where one of them is imported. Kept in the catalogue's settings. The snapshots of an
/// export are not among them: one that is deleted gives its room back with the next groom.
/// </summary>
/// <remarks>
/// What an export names is known when it is made, and a head may have moved on by then, so that nothing else refers to it. While one is made a mark stands in the catalogue, and
/// whoever asks what is needed waits until it is gone. A mark that stays, because its process died, is removed by who waited; whoever finds its mark removed makes its export anew.
/// </remarks>
/// <param name="metadata">The catalogue.</param>
/// <param name="maker">Who makes exports: the newest of each maker counts.</param>
/// <param name="time">The clock.</param>
public sealed class ExportedHeads(IMetadataStore metadata, string maker, TimeProvider time)
{
    private const string HeadsSetting = "metadata.export.heads";
    private const string MarksSetting = "metadata.export.marks";

    /// <summary>After which the mark of another is that of a process that died.</summary>
    internal static readonly TimeSpan LongestExport = TimeSpan.FromMinutes(5);

    /// <summary>After which the heads of another maker, which made no export since, are not kept any more.</summary>
    internal static readonly TimeSpan LongestKept = TimeSpan.FromDays(3);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    /// <summary>An export that was too slow so often is kept as it is: at worst its heads are copied anew after an import.</summary>
    private const int MostRounds = 3;

    /// <summary>Makes an export; its heads count from then on, those of the same maker's exports before do not.</summary>
    /// <param name="export">Makes it; called again where it took longer than <see cref="LongestExport"/> and somebody did not wait for it.</param>
    /// <param name="cancellation">Those of before still count then.</param>
    public async Task<MetadataExport> NoteAsync(
        Func<Task<MetadataExport>> export,
        CancellationToken cancellation = default
    )
    {
        for (var round = 1; ; round++)
        {
            var mark = new Mark($"{Guid.NewGuid():N}", maker);
            await ChangeAsync<Mark>(
                metadata.Settings,
                MarksSetting,
                marks => [.. marks.Where(one => one.Maker != maker), mark],
                cancellation
            );
            MetadataExport made;
            var wasAwaited = false;
            try
            {
                made = await export();
                await SetAsync(made.Heads, cancellation);
            }
            finally
            {
                // Also where it was cancelled: who waits waits no longer.
                wasAwaited = await RemoveAsync(metadata.Settings, [mark], CancellationToken.None);
            }

            if (wasAwaited || round == MostRounds)
            {
                return made;
            }
        }
    }

    /// <summary>Before the first export of a process: a mark of the same maker is that of one that died.</summary>
    /// <param name="cancellation">The mark stays.</param>
    public Task ForgetOwnMarkAsync(CancellationToken cancellation = default) =>
        ChangeAsync<Mark>(
            metadata.Settings,
            MarksSetting,
            marks => [.. marks.Where(one => one.Maker != maker)],
            cancellation
        );

    /// <summary>For a catalogue that was just imported, on which no process works: the marks in it were those of the moment, one of them that of the export itself.</summary>
    /// <param name="settings">Of that catalogue.</param>
    /// <param name="cancellation">The marks stay.</param>
    public static Task ForgetMarksAsync(ISettings settings, CancellationToken cancellation = default) =>
        ChangeAsync<Mark>(settings, MarksSetting, static _ => [], cancellation);

    /// <summary>What a groom keeps for them; nothing of a group whose keys were destroyed. An export that is being made is waited for.</summary>
    /// <param name="metadata">The catalogue; what it refers to itself has to be read before this is called.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    internal static async Task<IReadOnlyList<ManifestReference>> ListAsync(
        IMetadataStore metadata,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        await AwaitAsync(metadata.Settings, time, cancellation);
        var (heads, _) = await ReadAsync<ExportedHead>(metadata.Settings, HeadsSetting, cancellation);
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
                .DistinctBy(static one => (one.ReplicaSetId, one.ManifestBlock))
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

    private Task SetAsync(IReadOnlyDictionary<string, string> heads, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        return ChangeAsync<ExportedHead>(
            metadata.Settings,
            HeadsSetting,
            stored =>
                [
                    // Those without a maker were noted by the release before, which knew one alone.
                    .. stored.Where(one => one.Maker is { } other && other != maker && now - one.At < LongestKept),
                    .. heads.Select(one => new ExportedHead(one.Key, one.Value, maker, now)),
                ],
            cancellation
        );
    }

    private static async Task AwaitAsync(ISettings settings, TimeProvider time, CancellationToken cancellation)
    {
        var (awaited, _) = await ReadAsync<Mark>(settings, MarksSetting, cancellation);
        var began = time.GetTimestamp();
        while (awaited.Count > 0)
        {
            if (time.GetElapsedTime(began) >= LongestExport)
            {
                await RemoveAsync(settings, awaited, cancellation);
                return;
            }

            await Task.Delay(Look, time, cancellation);
            // One that was begun since is of heads that were listed, or that hold their blocks themselves.
            var (marks, _) = await ReadAsync<Mark>(settings, MarksSetting, cancellation);
            awaited = [.. awaited.Intersect(marks)];
        }
    }

    /// <returns>Whether one of them was there.</returns>
    private static Task<bool> RemoveAsync(
        ISettings settings,
        IReadOnlyCollection<Mark> marks,
        CancellationToken cancellation
    ) => ChangeAsync<Mark>(settings, MarksSetting, stored => [.. stored.Except(marks)], cancellation);

    /// <returns>Whether the list is another one now.</returns>
    private static async Task<bool> ChangeAsync<T>(
        ISettings settings,
        string name,
        Func<IReadOnlyList<T>, IReadOnlyList<T>> change,
        CancellationToken cancellation
    )
    {
        while (true)
        {
            var (before, json) = await ReadAsync<T>(settings, name, cancellation);
            var after = change(before);
            if (after.SequenceEqual(before))
            {
                return false;
            }

            if (await settings.ReplaceAsync(name, json, JsonSerializer.Serialize(after, JobKinds.Json), cancellation))
            {
                return true;
            }
        }
    }

    private static async Task<(IReadOnlyList<T> List, string? Json)> ReadAsync<T>(
        ISettings settings,
        string name,
        CancellationToken cancellation
    ) =>
        await settings.FindAsync(name, cancellation) is { } json
            ? (JsonSerializer.Deserialize<List<T>>(json, JobKinds.Json)!, json)
            : ([], null);

    private sealed record Mark(string Id, string Maker);

    /// <param name="ReplicaSetId">Whose head.</param>
    /// <param name="ManifestBlock">On what it stands in the export.</param>
    /// <param name="Maker">Of the export; null where the release before noted it.</param>
    /// <param name="At">When it was noted.</param>
    private sealed record ExportedHead(
        string ReplicaSetId,
        string ManifestBlock,
        string? Maker = null,
        DateTimeOffset At = default
    );
}
