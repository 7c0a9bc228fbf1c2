using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Mongo;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata.Mongo;

/// <summary>A groom in one process and a head in another one that was struck off: only the server knows the order of what they do.</summary>
public abstract class MongoFenceTests(MongoServer server) : IAsyncLifetime
{
    private static readonly Optime Begin = new(100, 1, 1);

    private readonly ManualTime _time = new();

    /// <summary>Of this test alone.</summary>
    private readonly string _database = $"t{Guid.NewGuid():N}";

    private MongoMetadataStore _keeper = null!;
    private MongoMetadataStore _groomer = null!;

    public async Task InitializeAsync()
    {
        _keeper = await server.OpenAsync(_time, _database);
        _groomer = await server.OpenAsync(_time, _database);
    }

    public async Task DisposeAsync()
    {
        await _keeper.DisposeAsync();
        await _groomer.DisposeAsync();
        await server.RunAsync(_database, """{"dropDatabase":1}""");
    }

    [Fact]
    public async Task What_is_committed_while_its_session_is_revoked_is_listed_by_who_revoked_it_or_is_not_there()
    {
        const int Rounds = 25;
        var (set, sync) = await BuiltAsync();
        var refused = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var session = Guid.NewGuid();
            var seen = await _keeper.HeadLeases.FindAsync(set);
            var held = (await _keeper.HeadLeases.GrantAsync(set, "a", "run", seen, [session]))!;
            var view = _keeper.Under(new HeadProof(set, "a", held.Fence) { StoreSessions = [session] });
            using var begun = new SemaphoreSlim(0);
            var writing = Task.Run(() => WriteAsync(view, sync, $"{round:x8}", begun));
            await begun.WaitAsync();

            await _groomer.StoreSessions.RevokeAsync([session]);
            var listed = (await _groomer.ManifestsAsync()).Select(static one => one.ManifestBlock).ToHashSet();
            refused += await writing;
            var there = (await _groomer.ManifestsAsync()).Select(static one => one.ManifestBlock).ToHashSet();
            there.Except(listed).ShouldBeEmpty("it became durable after the roots were listed");
        }

        refused.ShouldBe(Rounds);
    }

    /// <summary>Each of them a transaction of many commands, so that most revocations come in the midst of one.</summary>
    /// <returns>1 once it is refused.</returns>
    private async Task<int> WriteAsync(IMetadataStore view, SyncRecord sync, string round, SemaphoreSlim begun)
    {
        try
        {
            for (var n = 0; ; n++)
            {
                var head = NewHead(sync, $"{round}{n:x8}");
                var snapshot = new SnapshotRecord(
                    $"s{round}{n}",
                    sync.ReplicaSetId,
                    Begin,
                    head.ManifestBlock,
                    5,
                    6,
                    7,
                    8,
                    1.25,
                    "test",
                    _time.GetUtcNow(),
                    null
                );
                var events = Enumerable
                    .Range(0, 30)
                    .Select(one => new TimelineEvent(
                        sync.ReplicaSetId,
                        sync.Id,
                        Begin,
                        TimelineEventKind.Filter,
                        $"db.c{one}",
                        "text",
                        _time.GetUtcNow()
                    ));
                begun.Release();
                await view.Heads.CrossAsync(head, new Seam(snapshot, [.. events], null));
            }
        }
        catch (BackupException failure)
            when (failure.Number is MetadataErrors.StoreSessionRevoked or MetadataErrors.HeadLeaseLost)
        {
            return 1;
        }
    }

    private HeadRecord NewHead(SyncRecord sync, string manifest) =>
        new(
            sync.ReplicaSetId,
            sync.Id,
            manifest.PadLeft(64, 'e'),
            Begin,
            Begin,
            Consistent: true,
            NewBytes: 0,
            _time.GetUtcNow()
        );

    private async Task<(string Set, SyncRecord Sync)> BuiltAsync()
    {
        var group = await _keeper.Access.EnsureGroupAsync("g");
        var deployment = await _keeper.Deployments.EnsureAsync(
            new Deployment("d", group.Id, "n", "replicaSet", "mongodb://h", _time.GetUtcNow())
        );
        var set = await _keeper.Deployments.EnsureReplicaSetAsync(
            new ReplicaSetRecord(
                "rs",
                deployment.Id,
                "rs0",
                "5f0000000000000000000001",
                "4.2.4",
                "4.2",
                "wiredTiger",
                ReplicaSetState.Waiting,
                null,
                null,
                null,
                null,
                Optime.Zero,
                null
            )
        );
        var sync = new SyncRecord("sync", set.Id, SyncState.Copying, Begin, null, _time.GetUtcNow());
        await _keeper.Syncs.BeginAsync(sync, [1], []);
        await _keeper.Syncs.CopiedAsync(sync.Id, Begin);
        await _keeper.Syncs.BuiltAsync(sync.Id, NewHead(sync, "a"));
        return (set.Id, sync);
    }
}

[Collection(RealServerTests.Name)]
public sealed class RealMongoFenceTests(RealServer server) : MongoFenceTests(server);

[Collection(SandboxServerTests.Name)]
public sealed class SandboxMongoFenceTests(SandboxServer server) : MongoFenceTests(server);
