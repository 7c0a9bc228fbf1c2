using System.Collections.Concurrent;
using System.Diagnostics;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Tests.Support;

/// <summary>A replica set of several members, a real one or the sandbox's, whose members a test kills, stops and starts again.</summary>
public abstract class ReplicaSetUnderTest : IAsyncDisposable
{
    private static readonly TimeSpan StateLimit = TimeSpan.FromSeconds(60);
    private readonly ConcurrentDictionary<int, MongoClient> _direct = [];
    private MongoClient? _client;

    /// <summary>With all members that clients may know.</summary>
    public abstract string ConnectionString { get; }

    /// <summary>Of members, of all kinds.</summary>
    public abstract int Count { get; }

    /// <summary>Of the set as a whole, without retries of its own.</summary>
    public MongoClient Client =>
        _client ??= new MongoClient(
            Backup.MongoWire.Uri.ConnectionString.Parse(ConnectionString),
            new MongoClientOptions { ApplicationName = "test", HeartbeatInterval = TimeSpan.FromSeconds(1) }
        );

    public abstract HostAddress Address(int number);

    /// <summary>kill -9, or what the sandbox has for it.</summary>
    public abstract Task KillAsync(int number);

    /// <summary>Starts a killed member again, with the data that it has.</summary>
    public abstract Task ReviveAsync(int number);

    /// <summary>The member keeps its connections and answers nobody, like a host that hangs.</summary>
    public abstract Task FreezeAsync(int number);

    public abstract Task ThawAsync(int number);

    /// <summary>Whether the member has had to undo writes.</summary>
    public abstract bool HasRolledBack(int number);

    /// <summary>The number of the primary, as the newest election has it; waits for one.</summary>
    public async Task<int> PrimaryAsync(CancellationToken cancellation = default)
    {
        var primary = await Client.SelectAsync(ReadTarget.Primary, cancellation);
        return Enumerable.Range(0, Count).First(number => Address(number) == primary.Address);
    }

    /// <summary>Runs a command, written as extended JSON, on one member whatever it is.</summary>
    public Task<BsonDocument> RunAsync(int number, string database, string command) =>
        RunAsync(number, database, ExtendedJson.Parse(command));

    public async Task<BsonDocument> RunAsync(int number, string database, BsonDocument command)
    {
        // Of its own, so that it reaches those, too, whom the set does not show.
        var client = _direct.GetOrAdd(
            number,
            _ => new MongoClient(
                Backup.MongoWire.Uri.ConnectionString.Parse($"mongodb://{Address(number)}/?directConnection=true"),
                new MongoClientOptions { ApplicationName = "test", HeartbeatInterval = TimeSpan.FromSeconds(1) }
            )
        );
        using var reply = await client.RunCommandAsync(
            database,
            command,
            ReadTarget.On(Address(number)),
            CancellationToken.None
        );
        return reply.View.ToDocument();
    }

    /// <summary>Waits until that member is in that state: 1 PRIMARY, 2 SECONDARY, 3 RECOVERING, …</summary>
    public async Task WaitForStateAsync(int number, int state)
    {
        using var limit = new CancellationTokenSource(StateLimit);
        while (true)
        {
            try
            {
                var status = await RunAsync(number, "admin", """{"replSetGetStatus":1}""");
                if (status.View["myState"u8].ToInt64() == state)
                {
                    return;
                }
            }
            catch (BackupException)
            {
                // It is starting.
            }

            await Task.Delay(100, limit.Token);
        }
    }

    /// <summary>Waits until a member that was killed or cut off has undone what only it had.</summary>
    public async Task WaitForRollbackAsync(int number)
    {
        for (var watch = Stopwatch.StartNew(); !HasRolledBack(number); await Task.Delay(50))
        {
            if (watch.Elapsed > StateLimit)
            {
                throw new TimeoutException($"Member {number} does not roll back.");
            }
        }
    }

    /// <summary>Takes a member out of the configuration.</summary>
    public async Task RemoveAsync(int number)
    {
        var primary = await PrimaryAsync();
        var reply = await RunAsync(primary, "admin", """{"replSetGetConfig":1}""");
        await RunAsync(primary, "admin", Without(reply.View["config"u8].AsDocument, Address(number).ToString()));
    }

    /// <summary>The primary steps down, and another one is elected.</summary>
    public async Task StepDownAsync()
    {
        const string stepDown = """{"replSetStepDown":60,"secondaryCatchUpPeriodSecs":10}""";
        while (true)
        {
            try
            {
                _ = await RunAsync(await PrimaryAsync(), "admin", stepDown);
                return;
            }
            catch (CommandException notYet) when (notYet.ServerCode is 262 or 10107)
            {
                // Under load nobody has caught up, or another one was elected just now.
                await Task.Delay(100);
            }
            catch (BackupException cut) when (cut is not CommandException)
            {
                // Some servers close the connection instead of an answer.
                return;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _direct.Values)
        {
            await client.DisposeAsync();
        }

        if (_client is not null)
        {
            await _client.DisposeAsync();
        }

        await DisposeMembersAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract ValueTask DisposeMembersAsync();

    private static BsonDocument Without(BsonView config, string host)
    {
        var bytes = config.Bytes.ToArray();
        return BsonDocument.Build(w =>
        {
            Span<byte> scratch = stackalloc byte[11];
            w.BeginDocument("replSetReconfig"u8);
            foreach (var field in new BsonView(bytes))
            {
                if (field.NameIs("version"u8))
                {
                    w.Int32("version"u8, (int)field.ToInt64() + 1);
                }
                else if (field.NameIs("members"u8))
                {
                    w.BeginArray("members"u8);
                    foreach (var member in field.AsDocument)
                    {
                        if (member.AsDocument["host"u8].AsString != host)
                        {
                            w.Document(w.ArrayItemName(scratch), member.AsDocument.ToDocument());
                        }
                    }

                    w.EndArray();
                }
                else
                {
                    w.Element(field);
                }
            }

            w.EndDocument();
        });
    }
}
