using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Replication;
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
/// A MongoDB-compatible replica set in memory, each member on a real socket of its own. It serves to try the product and to
/// test it; it keeps nothing and says "sandbox" wherever a server says what it is.
/// </summary>
public sealed class SandboxReplicaSet : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);
    private readonly SandboxMember[] _members;
    private readonly Coordinator _coordinator;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _running = [];

    private SandboxReplicaSet(SandboxOptions options, SandboxMember[] members, Coordinator coordinator)
    {
        Options = options;
        _members = members;
        _coordinator = coordinator;
        Nodes = [.. members.Select(member => new SandboxNode(member, coordinator))];
    }

    public SandboxOptions Options { get; }

    /// <summary>Its members, in the order of the options.</summary>
    public IReadOnlyList<SandboxNode> Nodes { get; }

    /// <summary>For clients: the members' hosts and ports, and <c>replicaSet</c>; no user.</summary>
    public string ConnectionString
    {
        get
        {
            var shown = _members.Where((_, number) => Options.Members[number] is { Hidden: false, ArbiterOnly: false });
            var hosts = string.Join(',', shown.Select(static member => member.Address));
            return $"mongodb://{hosts}/?replicaSet={Uri.EscapeDataString(Options.ReplicaSetName)}";
        }
    }

    /// <summary>Where the first member listens, with the port that was taken.</summary>
    public System.Net.IPEndPoint EndPoint => System.Net.IPEndPoint.Parse(_members[0].Address);

    /// <summary>Of the first member; see <see cref="SandboxNode.Faults"/> for others.</summary>
    public SandboxFaults Faults => _members[0].Faults;

    /// <summary>The member that takes writes; null where there is none.</summary>
    public SandboxNode? Primary =>
        Nodes.FirstOrDefault(static node => node is { IsPrimary: true, Answers: true, TakesWrites: true });

    public Optime LastOptime => Leader.Engine.Oplog.Last;

    public Optime MajorityOptime => Leader.Engine.Oplog.Majority;

    public int OplogEntries => Leader.Engine.Oplog.Count;

    internal IReadOnlyList<SandboxMember> Members => _members;

    internal Engine LeaderEngine => Leader.Engine;

    /// <summary>As sharded clusters name a set: <c>name/host:port,host:port</c>.</summary>
    internal string HostList =>
        $"{Options.ReplicaSetName}/{string.Join(',', _members.Where((_, number) => Options.Members[number] is { Hidden: false, ArbiterOnly: false }).Select(static member => member.Address))}";

    /// <summary>Who knows most: the primary, or else whoever has the newest entry.</summary>
    private SandboxMember Leader =>
        _members
            .Where(static member => member.State != MemberState.Arbiter && member.IsCopied)
            .OrderByDescending(static member => member.Answers && member.IsPrimary)
            .ThenByDescending(static member => member.Engine.Oplog.Last.Term)
            .ThenByDescending(static member => member.Engine.Oplog.Last)
            .First();

    /// <summary>Listens when it returns, and all members have the same.</summary>
    /// <exception cref="BackupException">2501 a bad option, 2150 an endpoint cannot be bound.</exception>
    public static async Task<SandboxReplicaSet> StartAsync(SandboxOptions? options = null)
    {
        options ??= new SandboxOptions();
        options.Check();
        var members = new List<SandboxMember>();
        try
        {
            var alone = options.Members.Count == 1;
            var first = new Engine(options, term: alone ? 1 : -1, alone);
            foreach (var (number, member) in options.Members.Index())
            {
                var endPoint =
                    number == 0 ? options.EndPoint : member.EndPoint ?? new(options.EndPoint.Address, port: 0);
                members.Add(new SandboxMember(number, options, endPoint, number == 0 ? first : new Engine(first)));
            }

            var set = new SandboxReplicaSet(options, [.. members], Coordinate(options, members));
            await set.BeginAsync();
            return set;
        }
        catch
        {
            foreach (var member in members)
            {
                await member.DisposeAsync();
            }

            throw;
        }
    }

    /// <summary>Inserts directly, without a socket; creates the collection where there is none.</summary>
    /// <param name="document">Gets an <c>_id</c> where it has none.</param>
    /// <returns>Where in the oplog the insert stands; a majority may not have it yet.</returns>
    /// <exception cref="BackupException">2504 without a primary.</exception>
    public Optime Insert(string database, string collection, BsonDocument document) =>
        Write(engine =>
        {
            var target =
                engine.Find($"{database}.{collection}")
                ?? CatalogueWriter.Create(engine, database, collection, BsonDocument.Empty);
            return engine.Insert(target, WriteCommands.WithId(document));
        });

    /// <summary>Updates the first document that a query finds, with operators or a replacement.</summary>
    /// <returns>How many documents matched.</returns>
    /// <exception cref="BackupException">2504 without a primary.</exception>
    public int Update(
        string database,
        string collection,
        BsonDocument query,
        BsonDocument change,
        bool upsert = false
    ) =>
        Write(engine =>
            Writer(engine, database, collection).Update(new UpdateRequest(query, change, false, upsert), 0).Matched
        );

    /// <summary>Deletes what a query finds.</summary>
    /// <returns>How many documents there were.</returns>
    /// <exception cref="BackupException">2504 without a primary.</exception>
    public int Delete(string database, string collection, BsonDocument query) =>
        Write(engine => Writer(engine, database, collection).Delete(query, one: false, 0));

    /// <summary>Every document in <c>_id</c> order, as they are now.</summary>
    public IReadOnlyList<BsonDocument> Documents(string database, string collection)
    {
        var engine = Leader.Engine;
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
    /// <exception cref="BackupException">2503 without <see cref="SandboxOptions.KeepHistory"/>.</exception>
    public IReadOnlyList<SandboxCollectionState> StateAt(Optime optime)
    {
        var engine = Leader.Engine;
        lock (engine.Gate)
        {
            return (engine.History ?? throw SandboxErrors.HistoryNotKept()).At(optime.Timestamp);
        }
    }

    /// <summary>The oplog, oldest entry first.</summary>
    public IReadOnlyList<BsonDocument> Oplog()
    {
        var engine = Leader.Engine;
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
    public Optime AppendNote(BsonDocument data) => Write(engine => engine.Note(data));

    /// <summary>Fault: from now on (or no longer) new writes stay without a majority.</summary>
    public void FreezeMajority(bool frozen)
    {
        foreach (var member in _members)
        {
            lock (member.Engine.Gate)
            {
                member.Engine.Oplog.Freeze(frozen);
            }
        }
    }

    /// <summary>Fault: the oplog of every member loses all but its newest entries, as if it had rolled over.</summary>
    /// <param name="keep">1 and up.</param>
    public void TruncateOplog(int keep)
    {
        foreach (var node in Nodes)
        {
            node.TruncateOplog(keep);
        }
    }

    /// <summary>Fault: every connection is closed; the addresses stay.</summary>
    public Task DropConnectionsAsync() => Task.WhenAll(_members.Select(static member => member.DropConnectionsAsync()));

    /// <summary>Fault: every open cursor is forgotten; the next getMore is answered with code 43.</summary>
    public void KillCursors()
    {
        foreach (var member in _members)
        {
            member.Cursors.RemoveAll();
        }
    }

    /// <summary>The network between two members; clients reach both all the time.</summary>
    public void Cut(int one, int other, bool isCut) => _coordinator.Cut(_members[one], _members[other], isCut);

    /// <summary>The network between one member and all others.</summary>
    public void CutOff(int number, bool isCut)
    {
        foreach (var other in _members)
        {
            if (other.Number != number)
            {
                Cut(number, other.Number, isCut);
            }
        }
    }

    /// <summary>Takes a member out of the configuration, or back in with that of the start.</summary>
    public void Configure(int number, bool isIn)
    {
        var original = ConfigMembers(Options, _members)[number];
        var at = _members.FirstOrDefault(static member => member.IsPrimary) ?? throw SandboxErrors.NoMemberIsPrimary();
        _coordinator.Reconfigure(
            at,
            config =>
                config with
                {
                    Version = config.Version + 1,
                    Members =
                    [
                        .. config.Members.Where(one => one.Host != original.Host),
                        .. isIn ? new[] { original } : [],
                    ],
                },
            force: false
        );
    }

    public async Task StopAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            await _stopping.CancelAsync();
            await Task.WhenAll(_running);
            foreach (var member in _members)
            {
                await member.DisposeAsync();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stopping.Dispose();
    }

    private static Coordinator Coordinate(SandboxOptions options, List<SandboxMember> members)
    {
        var coordinator = new Coordinator(options, members)
        {
            Config = new SetConfig(
                options.ReplicaSetName,
                Version: 1,
                ConfigMembers(options, members),
                WriteCommands.NewObjectId()
            )
            {
                IsOfConfigServers = options.Role is { IsConfigServer: true },
                ElectionTimeout = options.ElectionTimeout,
                HeartbeatInterval = TimeSpan.FromSeconds(2),
            },
        };
        foreach (var (number, member) in members.Index())
        {
            member.Set = coordinator;
            member.State =
                members.Count == 1 ? MemberState.Primary
                : options.Members[number].ArbiterOnly ? MemberState.Arbiter
                : MemberState.Secondary;
        }

        members[0].Engine.IsWritable = members.Count == 1;
        members[0].ElectedAt = members[0].Engine.Oplog.Last;
        return coordinator;
    }

    private static List<ConfigMember> ConfigMembers(SandboxOptions options, IReadOnlyList<SandboxMember> members) =>
        [
            .. options.Members.Select(
                (member, number) =>
                    new ConfigMember(number, members[number].Address)
                    {
                        ArbiterOnly = member.ArbiterOnly,
                        Hidden = member.Hidden,
                        Priority = member.ArbiterOnly ? 0 : member.Priority,
                        Votes = member.Votes,
                        DelaySeconds = (long)member.Delay.TotalSeconds,
                        Tags = BsonDocument.Build(w =>
                        {
                            foreach (var (name, value) in member.Tags)
                            {
                                w.String(System.Text.Encoding.UTF8.GetBytes(name), value);
                            }
                        }),
                    }
            ),
        ];

    /// <summary>Several members elect and replicate before anybody is let in.</summary>
    private async Task BeginAsync()
    {
        if (_members.Length > 1)
        {
            _coordinator.ElectFirst();
            foreach (var member in _members.Where(static member => member.State != MemberState.Arbiter))
            {
                _running.Add(
                    Task.Run(() => new Replicator(_coordinator, member, Options.Time).RunAsync(_stopping.Token))
                );
            }
        }

        _running.Add(_coordinator.RunAsync(_stopping.Token));
        if (Options.NoopInterval > TimeSpan.Zero)
        {
            _running.Add(WriteNoopsAsync());
        }

        using var limit = new CancellationTokenSource(StartLimit, Options.Time);
        while (MajorityOptime < LastOptime)
        {
            await Task.Delay(Poll, Options.Time, limit.Token);
        }
    }

    private static DocumentWriter Writer(Engine engine, string database, string collection) =>
        new(new WriteTarget(engine, engine, database, collection));

    private T Write<T>(Func<Engine, T> action)
    {
        foreach (var member in _members.Where(static member => member is { Answers: true, IsPrimary: true }))
        {
            lock (member.Engine.Gate)
            {
                if (member.Engine.IsWritable)
                {
                    return action(member.Engine);
                }
            }
        }

        throw SandboxErrors.NoMemberIsPrimary();
    }

    private async Task WriteNoopsAsync()
    {
        var seen = LastOptime;
        try
        {
            using var timer = new PeriodicTimer(Options.NoopInterval, Options.Time);
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                try
                {
                    if (LastOptime == seen)
                    {
                        AppendNote(BsonDocument.Build(static w => w.String("msg"u8, "periodic noop")));
                    }
                }
                catch (BackupException noPrimary) when (noPrimary.Number == SandboxErrors.NoPrimary)
                {
                    // The next round.
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
