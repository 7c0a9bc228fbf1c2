using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.Agent.Clusters;

/// <summary>
/// Writes notes into the oplogs of a cluster's sets, each through its primary. Connections are made when the first note is written and kept until
/// this is disposed. Belongs to one caller.
/// </summary>
internal sealed class ClusterTokens(MongoClient routers) : IAsyncDisposable
{
    /// <summary>A primary that is not there within that time is asked again later.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly Dictionary<string, (SetAddress Address, MongoClient Client)> _clients = [];
    private readonly Lock _lock = new();

    /// <summary>The newest time that a member has told, signed by it: who hears it writes nothing before it any more.</summary>
    private (ulong Time, BsonDocument Signed)? _newest;

    /// <summary>Writes a note to each set, beside each other.</summary>
    /// <returns>The greatest of the times at which they are: every one of these oplogs had no later entry before its note.</returns>
    /// <exception cref="BackupException">7033 naming the first set that could not be written to.</exception>
    public async Task<Optime> WriteAsync(string cutId, IEnumerable<SetAddress> sets, CancellationToken cancellation)
    {
        var times = await Task.WhenAll(sets.Select(set => WriteAsync(cutId, set, cancellation)));
        return Optime.FromTimestamp(times.Max());
    }

    /// <summary>Has every set tell its time, so that a note which is written next is after all of them.</summary>
    public async Task HearAsync(IEnumerable<SetAddress> sets, CancellationToken cancellation) =>
        await Task.WhenAll(
            sets.Select(async set =>
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                patience.CancelAfter(Patience);
                var client = await ClientOfAsync(set);
                try
                {
                    using var reply = await client.RunCommandAsync(
                        "admin",
                        Source.SourceMember.Command("ping"),
                        ReadTarget.Primary,
                        patience.Token
                    );
                    Hear(reply.View);
                }
                catch (Exception failure)
                    when (failure is BackupException
                        || (failure is OperationCanceledException && !cancellation.IsCancellationRequested)
                    )
                {
                    // The others tell.
                }
            })
        );

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, client) in _clients.Values)
        {
            await client.DisposeAsync();
        }

        _clients.Clear();
    }

    private async Task<ulong> WriteAsync(string cutId, SetAddress set, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        var client = await ClientOfAsync(set);
        try
        {
            using var reply = await client.RunCommandAsync("admin", Note(cutId), ReadTarget.Primary, patience.Token);
            Hear(reply.View);
            return reply.View["operationTime"u8].AsTimestamp;
        }
        catch (OperationCanceledException slow) when (!cancellation.IsCancellationRequested)
        {
            throw AgentErrors.SetSilent(set.Shard, $"no answer within {Patience.TotalSeconds:0} s", slow);
        }
        catch (BackupException failure)
        {
            throw AgentErrors.SetSilent(set.Shard, failure.Message, failure);
        }
    }

    private BsonDocument Note(string cutId)
    {
        (ulong Time, BsonDocument Signed)? newest;
        lock (_lock)
        {
            newest = _newest;
        }

        return BsonDocument.Build(w =>
        {
            w.Int32("appendOplogNote"u8, 1).BeginDocument("data"u8).String("backupCut"u8, cutId).EndDocument();
            if (newest is { } known)
            {
                w.Document("$clusterTime"u8, known.Signed.View.Bytes);
            }
        });
    }

    private void Hear(BsonView reply)
    {
        if (
            !reply.TryGet("$clusterTime"u8, out var told)
            || told.Type != BsonType.Document
            || !told.AsDocument.TryGet("clusterTime"u8, out var at)
        )
        {
            return;
        }

        lock (_lock)
        {
            if (_newest is not { } known || known.Time < at.AsTimestamp)
            {
                _newest = (at.AsTimestamp, told.AsDocument.ToDocument());
            }
        }
    }

    private async ValueTask<MongoClient> ClientOfAsync(SetAddress set)
    {
        MongoClient? outdated = null;
        MongoClient client;
        lock (_lock)
        {
            if (_clients.TryGetValue(set.Shard, out var known) && known.Address.Hosts.SequenceEqual(set.Hosts))
            {
                return known.Client;
            }

            outdated = known.Client;
            client = routers.ToSet(set.ReplicaSet, set.Hosts);
            _clients[set.Shard] = (set, client);
        }

        if (outdated is not null)
        {
            await outdated.DisposeAsync();
        }

        return client;
    }
}
