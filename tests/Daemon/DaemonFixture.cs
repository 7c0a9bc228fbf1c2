using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Backup.Blockstore;
using Backup.Blockstore.Sealing;
using Backup.Daemon;
using Backup.Daemon.Jobs;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.Metadata;
using Backup.Metadata.Sqlite;
using Backup.Snapshots.Reading;
using Backup.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backup.Tests.Daemon;

/// <summary>A daemon over stores that outlive it, so that it can be stopped and started again.</summary>
internal sealed class DaemonFixture : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TemporaryFolder _folder;

    private DaemonFixture(TemporaryFolder folder, IMetadataStore metadata)
    {
        _folder = folder;
        Metadata = metadata;
        Source = new StoredSource(metadata, Objects, TimeProvider.System);
        Groomer = new Groomer(metadata, Blocks);
    }

    internal IMetadataStore Metadata { get; }

    internal MemoryBlockStore Blocks { get; } = new() { RefusesUnheld = true };

    internal MemoryObjectStore Objects { get; } = new();

    internal StoredSource Source { get; }

    /// <summary>Every test of a daemon is one of groom, too.</summary>
    internal Groomer Groomer { get; }

    internal DaemonHost? Host { get; private set; }

    internal string SpillFolder => _folder.File("spill");

    internal static async Task<DaemonFixture> StartAsync()
    {
        var fixture = await CreateAsync();
        await fixture.Source.RegisterAsync();
        fixture.Start();
        return fixture;
    }

    /// <summary>Stores without anything in them, and no daemon.</summary>
    internal static async Task<DaemonFixture> CreateAsync()
    {
        var folder = new TemporaryFolder();
        return new DaemonFixture(folder, await SqliteMetadataStore.OpenAsync(folder.File("metadata.db")));
    }

    internal void Start(TimeSpan? checkpointInterval = null, TimeSpan? decisionPatience = null) =>
        Start(
            new DaemonOptions
            {
                SpillFolder = SpillFolder,
                CheckpointInterval = checkpointInterval ?? TimeSpan.FromMinutes(5),
                DecisionPatience = decisionPatience ?? TimeSpan.FromSeconds(10),
            }
        );

    /// <param name="options">How it works.</param>
    /// <param name="metadata">What it sees of the catalogue; the catalogue itself unless given.</param>
    /// <param name="keys">Seals what groups put; nothing is sealed unless given.</param>
    internal void Start(DaemonOptions options, IMetadataStore? metadata = null, KeyRing? keys = null) =>
        Host = DaemonHost.Start(
            metadata ?? Metadata,
            Blocks,
            Objects,
            options,
            keepsHeads: true,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            keys
        );

    /// <summary>Opens and writes a moment, as lines of JSON.</summary>
    /// <param name="point">The moment.</param>
    /// <param name="memory">Bytes of the memtable.</param>
    /// <returns>Namespace, then texts by _id; and what the restore says of itself.</returns>
    internal async Task<(
        Dictionary<string, SortedDictionary<int, string>> Contents,
        RestoreResult Result
    )> RestoreAsync(RestorePoint point, long memory = 1 << 20)
    {
        await using var restore = await OpenRestoreAsync(point, memory);
        return await WriteAsync(restore);
    }

    /// <summary>The same of the newest snapshot.</summary>
    internal async Task<(
        Dictionary<string, SortedDictionary<int, string>> Contents,
        RestoreResult Result
    )> RestoreNewestSnapshotAsync() =>
        await RestoreSnapshotAsync((await Metadata.Snapshots.ListAsync(Source.Set.Id))[0]);

    internal async Task<(
        Dictionary<string, SortedDictionary<int, string>> Contents,
        RestoreResult Result
    )> RestoreSnapshotAsync(SnapshotRecord snapshot)
    {
        await using var restore = await Restores(new DaemonOptions { SpillFolder = SpillFolder })
            .OpenAsync(snapshot, RestoreFormat.Ndjson);
        return await WriteAsync(restore);
    }

    private static async Task<(
        Dictionary<string, SortedDictionary<int, string>> Contents,
        RestoreResult Result
    )> WriteAsync(OpenRestore restore)
    {
        using var output = new MemoryStream();
        var result = await restore.WriteAsync(output);
        Xunit.Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(output.ToArray())), result.Sha256);
        var contents = new Dictionary<string, SortedDictionary<int, string>>();
        foreach (
            var line in Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
        )
        {
            var json = JsonDocument.Parse(line).RootElement;
            var ns = json.GetProperty("ns").GetString()!;
            var document = json.GetProperty("doc");
            var id = int.Parse(document.GetProperty("_id").GetProperty("$numberInt").GetString()!);
            contents.TryAdd(ns, []);
            contents[ns].Add(id, document.GetProperty("text").GetString()!);
        }

        return (contents, result);
    }

    internal async Task<OpenRestore> OpenRestoreAsync(
        RestorePoint point,
        long memory = 1 << 20,
        RestoreFormat format = RestoreFormat.Ndjson
    )
    {
        var options = new DaemonOptions { SpillFolder = SpillFolder, RestoreMemtableBytes = memory };
        var set = await Metadata.Deployments.FindReplicaSetAsync(Source.Set.Id);
        return await Restores(options).OpenAsync(set!, point, format);
    }

    /// <summary>The same of any set.</summary>
    internal async Task<Dictionary<string, SortedDictionary<int, string>>> RestoreAsync(
        string replicaSetId,
        RestorePoint point
    )
    {
        var set = await Metadata.Deployments.FindReplicaSetAsync(replicaSetId);
        await using var restore = await Restores(new DaemonOptions { SpillFolder = SpillFolder })
            .OpenAsync(set!, point, RestoreFormat.Ndjson);
        return (await WriteAsync(restore)).Contents;
    }

    internal RestoreServices RestoreServices(long memory = 1 << 20) =>
        new(
            Metadata,
            Blocks,
            Objects,
            new DaemonOptions { SpillFolder = SpillFolder, RestoreMemtableBytes = memory },
            TimeProvider.System,
            NullLogger.Instance
        );

    private RestoreService Restores(DaemonOptions options) =>
        new(new RestoreServices(Metadata, Blocks, Objects, options, TimeProvider.System, NullLogger.Instance));

    internal Task<RestorableTimeline> TimelineAsync() => new TimelineReader(Metadata, Blocks).ReadAsync(Source.Set.Id);

    internal async Task StopAsync()
    {
        if (Host is not null)
        {
            await Host.DisposeAsync();
            Host = null;
        }
    }

    internal async Task<ReplicaSetRecord> WaitForStateAsync(ReplicaSetState state)
    {
        ReplicaSetRecord? set = null;
        await UntilAsync(
            async () => (set = await Metadata.Deployments.FindReplicaSetAsync(Source.Set.Id))!.State == state,
            () => $"the state is {set?.State} {set?.StopCode} {set?.StopMessage}"
        );
        return set!;
    }

    internal async Task<SyncRecord> WaitForSyncAsync(string syncId, SyncState state)
    {
        SyncRecord? sync = null;
        await UntilAsync(
            async () => (sync = await Metadata.Syncs.FindAsync(syncId))!.State == state,
            () => $"the sync is {sync?.State} {sync?.Failure} {Host?.Trouble(Source.Set.Id)}"
        );
        return sync!;
    }

    internal Task WaitForOptimeAsync(Optime optime) =>
        UntilAsync(
            () => Task.FromResult(Host!.LiveOptime(Source.Set.Id) is { } live && live >= optime),
            () => $"the head is at {Host?.LiveOptime(Source.Set.Id)}"
        );

    internal async Task<string> QueueSnapshotAsync()
    {
        var job = JobKinds.New(
            JobKinds.Snapshot,
            Source.Set.Id,
            """{"trigger":"test"}""",
            TimeProvider.System.GetUtcNow()
        );
        await Metadata.Jobs.AddAsync(job);
        return job.Id;
    }

    internal async Task<JobRecord> WaitForJobAsync(string id)
    {
        JobRecord? job = null;
        await UntilAsync(
            async () => (job = await Metadata.Jobs.FindAsync(id))!.State is not (JobState.Queued or JobState.Running),
            () => $"the job is {job?.State} {job?.Phase}"
        );
        return job!;
    }

    /// <summary>Asks for a snapshot, lets the source be seen, and gives what it holds: namespace, then texts by _id.</summary>
    internal async Task<Dictionary<string, SortedDictionary<int, string>>> SnapshotAsync() =>
        await ReadAsync(await TakeSnapshotAsync());

    /// <summary>The same, whatever its documents are.</summary>
    internal async Task<SnapshotRecord> TakeSnapshotAsync()
    {
        var id = await QueueSnapshotAsync();
        // The keeper looks now and then: it has to meet two signs of life.
        JobRecord? job = null;
        await UntilAsync(
            async () =>
            {
                await Source.SeenAsync();
                job = await Metadata.Jobs.FindAsync(id);
                return job!.State is not (JobState.Queued or JobState.Running);
            },
            () => $"the job is {job?.State} {job?.Phase}"
        );
        Xunit.Assert.True(job!.State == JobState.Succeeded, $"{job.ErrorCode} {job.ErrorMessage}");
        return (await Metadata.Snapshots.ListAsync(Source.Set.Id))[0];
    }

    internal async Task<Dictionary<string, SortedDictionary<int, string>>> ReadAsync(SnapshotRecord snapshot)
    {
        Xunit.Assert.True(BlockId.TryParse(snapshot.ManifestBlock, out var manifest));
        var reader = await SnapshotReader.OpenAsync(Blocks, manifest);
        var all = new Dictionary<string, SortedDictionary<int, string>>();
        long documents = 0;
        foreach (var collection in reader.Collections)
        {
            var texts = all[collection.Namespace] = [];
            await using var cursor = reader.OpenCollection(collection.Uuid);
            while (await cursor.MoveNextAsync())
            {
                texts.Add(cursor.View["_id"u8].AsInt32, cursor.View["text"u8].AsString);
                documents++;
            }
        }

        Xunit.Assert.Equal(snapshot.Documents, documents);
        return all;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Groomer.DisposeAsync();
        await Metadata.DisposeAsync();
        _folder.Dispose();
    }

    internal async Task<(int Number, string Message)> FailureOfRestoreAsync(RestorePoint point, string ns)
    {
        var set = await Metadata.Deployments.FindReplicaSetAsync(Source.Set.Id);
        var failure = await Xunit.Assert.ThrowsAsync<Foundation.Errors.BackupException>(() =>
            Restores(new DaemonOptions { SpillFolder = SpillFolder })
                .OpenAsync(set!, point, RestoreFormat.Ndjson, only: [NamespacePattern.Parse(ns)])
        );
        return (failure.Number, failure.Message);
    }

    internal async Task UntilAsync(Func<Task<bool>> condition, Func<string> state)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(deadline) > Patience)
            {
                throw new TimeoutException(state());
            }

            await Task.Delay(20);
        }
    }
}
