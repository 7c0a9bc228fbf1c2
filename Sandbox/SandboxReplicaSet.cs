using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox;

/// <summary>A collection as it was at some optime.</summary>
/// <param name="Options">As listCollections gives them.</param>
/// <param name="Indexes">As listIndexes gives them.</param>
/// <param name="Documents">In <c>_id</c> order.</param>
public sealed record SandboxCollectionState(
    string Database,
    string Name,
    Guid Uuid,
    BsonDocument Options,
    IReadOnlyList<BsonDocument> Indexes,
    IReadOnlyList<BsonDocument> Documents
);

/// <summary>
/// A MongoDB-compatible replica set of one member in memory, on a real socket. It serves to try the product and to
/// test it; it keeps nothing and says "sandbox" wherever a server says what it is.
/// </summary>
public sealed class SandboxReplicaSet : IAsyncDisposable
{
    private readonly SandboxMember _member;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _noops;

    private SandboxReplicaSet(SandboxOptions options)
    {
        Options = options;
        _member = new SandboxMember(options, SandboxMember.NewObjectId(), term: 1);
        _noops = options.NoopInterval > TimeSpan.Zero ? WriteNoopsAsync() : Task.CompletedTask;
    }

    public SandboxOptions Options { get; }

    /// <summary>For clients: host, port and <c>replicaSet</c>; no user.</summary>
    public string ConnectionString =>
        $"mongodb://{_member.Address}/?replicaSet={Uri.EscapeDataString(Options.ReplicaSetName)}";

    /// <summary>Where it listens, with the port that was taken.</summary>
    public System.Net.IPEndPoint EndPoint => System.Net.IPEndPoint.Parse(_member.Address);

    public SandboxFaults Faults => _member.Faults;

    public Optime LastOptime => _member.Engine.Oplog.Last;

    public Optime MajorityOptime => _member.Engine.Oplog.Majority;

    public int OplogEntries => _member.Engine.Oplog.Count;

    /// <summary>Listens when it returns.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2501 a bad option, 2150 the endpoint cannot be bound.</exception>
    public static Task<SandboxReplicaSet> StartAsync(SandboxOptions? options = null)
    {
        options ??= new SandboxOptions();
        options.Check();
        return Task.FromResult(new SandboxReplicaSet(options));
    }

    /// <summary>Inserts directly, without a socket; creates the collection where there is none.</summary>
    /// <param name="document">Gets an <c>_id</c> where it has none.</param>
    /// <returns>Where in the oplog the insert stands.</returns>
    public Optime Insert(string database, string collection, BsonDocument document)
    {
        var engine = _member.Engine;
        lock (engine.Gate)
        {
            var target =
                engine.Find($"{database}.{collection}")
                ?? CatalogueWriter.Create(engine, database, collection, BsonDocument.Empty);
            return engine.Insert(target, WriteCommands.WithId(document));
        }
    }

    /// <summary>Updates the first document that a query finds, with operators or a replacement.</summary>
    /// <returns>How many documents matched.</returns>
    public int Update(string database, string collection, BsonDocument query, BsonDocument change, bool upsert = false)
    {
        lock (_member.Engine.Gate)
        {
            return Writer(database, collection).Update(new UpdateRequest(query, change, false, upsert), 0).Matched;
        }
    }

    /// <summary>Deletes what a query finds.</summary>
    /// <returns>How many documents there were.</returns>
    public int Delete(string database, string collection, BsonDocument query)
    {
        lock (_member.Engine.Gate)
        {
            return Writer(database, collection).Delete(query, one: false, 0);
        }
    }

    /// <summary>Every document in <c>_id</c> order, as they are now.</summary>
    public IReadOnlyList<BsonDocument> Documents(string database, string collection)
    {
        var engine = _member.Engine;
        lock (engine.Gate)
        {
            return engine.Find($"{database}.{collection}") is { } found
                ? [.. found.From(Record.Lowest, skipEqual: false).Select(static record => record.Document)]
                : [];
        }
    }

    /// <summary>
    /// All collections with their documents as they were at an optime, without <c>local</c> and <c>config</c>: what a backup at that optime must
    /// be. A view is a document of its database's <c>system.views</c>.
    /// </summary>
    /// <exception cref="Foundation.Errors.BackupException">2503 without <see cref="SandboxOptions.KeepHistory"/>.</exception>
    public IReadOnlyList<SandboxCollectionState> StateAt(Optime optime)
    {
        lock (_member.Engine.Gate)
        {
            return (_member.Engine.History ?? throw SandboxErrors.HistoryNotKept()).At(optime.Timestamp);
        }
    }

    /// <summary>The oplog, oldest entry first.</summary>
    public IReadOnlyList<BsonDocument> Oplog()
    {
        var engine = _member.Engine;
        lock (engine.Gate)
        {
            var all = new List<BsonDocument>(engine.Oplog.Count);
            for (var position = engine.Oplog.Dropped; position < engine.Oplog.End; position++)
            {
                all.Add(engine.Oplog.At(position));
            }

            return all;
        }
    }

    /// <summary>Appends a no-op with this <c>o</c>.</summary>
    public Optime AppendNote(BsonDocument data)
    {
        lock (_member.Engine.Gate)
        {
            return _member.Engine.Note(data);
        }
    }

    /// <summary>Fault: from now on (or no longer) new writes stay without a majority.</summary>
    public void FreezeMajority(bool frozen)
    {
        lock (_member.Engine.Gate)
        {
            _member.Engine.Oplog.Freeze(frozen);
        }
    }

    /// <summary>Fault: the oplog loses all but its newest entries, as if it had rolled over.</summary>
    /// <param name="keep">1 and up.</param>
    public void TruncateOplog(int keep)
    {
        lock (_member.Engine.Gate)
        {
            _member.Engine.Oplog.Truncate(keep);
        }
    }

    /// <summary>Fault: every connection is closed; the address stays.</summary>
    public Task DropConnectionsAsync() => _member.DropConnectionsAsync();

    /// <summary>Fault: every open cursor is forgotten; the next getMore is answered with code 43.</summary>
    public void KillCursors() => _member.Cursors.RemoveAll();

    /// <summary>Fault: the member answers as a secondary (writes: code 10107) or as the primary again.</summary>
    public void SetPrimary(bool primary) => _member.IsPrimary = primary;

    public async Task StopAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            await _stopping.CancelAsync();
            await _noops;
            await _member.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stopping.Dispose();
    }

    private DocumentWriter Writer(string database, string collection) =>
        new(new WriteTarget(_member.Engine, _member.Engine, database, collection));

    private async Task WriteNoopsAsync()
    {
        var seen = LastOptime;
        try
        {
            using var timer = new PeriodicTimer(Options.NoopInterval, Options.Time);
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                if (LastOptime == seen)
                {
                    AppendNote(BsonDocument.Build(static w => w.String("msg"u8, "periodic noop")));
                }

                seen = LastOptime;
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }
}
