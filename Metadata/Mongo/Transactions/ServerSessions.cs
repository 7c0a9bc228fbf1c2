using Backup.Foundation.Errors;
using Backup.Metadata.Mongo.Documents;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.Metadata.Mongo.Transactions;

/// <summary>A session at the server: one transaction at a time, each with the next number.</summary>
internal sealed class ServerSession
{
    internal BsonDocument Lsid { get; } = Doc.Of(("id", Guid.NewGuid()));

    internal long Number { get; set; }

    /// <summary>By the clock of this process.</summary>
    internal long UsedAt { get; set; }
}

/// <summary>
/// Sessions that wait for the next transaction; the last one used is taken first, and one that the server may have forgotten never. Source: the
/// driver specification "driver sessions". Thread-safe.
/// </summary>
internal sealed class ServerSessions(TimeProvider clock)
{
    /// <summary>Servers forget a session after 30 minutes without a command.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(28);

    private const int MostEndedTogether = 10_000;

    private readonly Lock _lock = new();
    private readonly Stack<ServerSession> _idle = new();

    internal ServerSession Take()
    {
        lock (_lock)
        {
            while (_idle.TryPop(out var session))
            {
                if (clock.GetElapsedTime(session.UsedAt) < Lifetime)
                {
                    return session;
                }
            }
        }

        return new ServerSession();
    }

    /// <param name="isLost">The connection broke under it: what the server knows of it is not known.</param>
    internal void GiveBack(ServerSession session, bool isLost)
    {
        if (isLost)
        {
            return;
        }

        session.UsedAt = clock.GetTimestamp();
        lock (_lock)
        {
            _idle.Push(session);
        }
    }

    /// <summary>Tells the server that they are not needed any more; one that cannot be told forgets them by itself.</summary>
    internal async Task EndAsync(MongoClient client, TimeSpan limit)
    {
        List<BsonDocument> ended;
        lock (_lock)
        {
            ended = [.. _idle.Select(static session => session.Lsid)];
            _idle.Clear();
        }

        if (ended.Count == 0 || client.Topology.Servers.Values.All(server => server.Error is not null))
        {
            return;
        }

        using var soon = new CancellationTokenSource(limit, clock);
        try
        {
            foreach (var some in ended.Chunk(MostEndedTogether))
            {
                using var reply = await client.RunCommandAsync(
                    "admin",
                    Doc.Of(("endSessions", some)),
                    ReadTarget.PrimaryPreferred,
                    soon.Token
                );
            }
        }
        catch (Exception failure) when (failure is BackupException or OperationCanceledException)
        {
            // They end by themselves.
        }
    }
}
