using Backup.Daemon.Restores;
using Backup.Daemon.Serving;
using Backup.MongoQuery.Spilling;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backup.Tests.Daemon.Serving;

/// <summary>A restore that is served without TLS on loopback, and a client that is logged in.</summary>
internal sealed class ServedScene : IAsyncDisposable
{
    internal const string User = "reader";
    internal const string Password = "correct horse";

    private readonly ServeRegistry _registry;

    private ServedScene(ServeRegistry registry, ServedEndpoint endpoint, ServedClock clock)
    {
        (_registry, Endpoint, Clock) = (registry, endpoint, clock);
        Client = NewClient();
    }

    internal ServedEndpoint Endpoint { get; }

    internal ServedClock Clock { get; }

    internal MongoClient Client { get; }

    /// <param name="restore">Disposed with it.</param>
    /// <param name="change">What is other than by default.</param>
    internal static async Task<ServedScene> StartAsync(
        OpenRestore restore,
        Func<ServeOptions, ServeOptions>? change = null,
        SpillSpace? spill = null
    )
    {
        var clock = new ServedClock();
        var registry = new ServeRegistry(clock, NullLogger.Instance, spill);
        var options = new ServeOptions
        {
            User = User,
            Credentials = ServeOptions.Keep(User, Password),
            What = "rs0 at some time",
        };
        var endpoint = await registry.StartAsync(restore, change?.Invoke(options) ?? options);
        return new ServedScene(registry, endpoint, clock);
    }

    internal MongoClient NewClient() =>
        new(
            ConnectionString.Parse(
                $"mongodb://{User}:{Uri.EscapeDataString(Password)}@127.0.0.1:{Endpoint.EndPoint.Port}/?authSource=admin&directConnection=true"
            ),
            new MongoClientOptions
            {
                ServerSelectionTimeout = TimeSpan.FromSeconds(5),
                HeartbeatInterval = TimeSpan.FromMinutes(10),
                ReadRetries = 0,
            }
        );

    internal async Task<BsonDocument> AskAsync(string command, string database = "shop")
    {
        using var reply = await Client.RunCommandAsync(
            database,
            ExtendedJson.Parse(command),
            ReadTarget.Primary,
            CancellationToken.None
        );
        return reply.View.ToDocument();
    }

    /// <summary>0 where it is answered, else the server's code of the refusal.</summary>
    internal async Task<int> CodeOfAsync(string command, string database = "shop")
    {
        try
        {
            await AskAsync(command, database);
            return 0;
        }
        catch (CommandException refused)
        {
            return refused.ServerCode;
        }
    }

    /// <summary>What a command with a cursor answers, to its end.</summary>
    internal async Task<List<string>> ListAsync(string command, string database = "shop")
    {
        var found = new List<string>();
        var reply = await AskAsync(command, database);
        while (true)
        {
            var cursor = reply.View["cursor"u8].AsDocument;
            var batch = cursor.TryGet("firstBatch"u8, out var first) ? first : cursor["nextBatch"u8];
            foreach (var item in batch.AsDocument)
            {
                found.Add(ExtendedJson.ToText(item.AsDocument));
            }

            if (cursor["id"u8].ToInt64() is not (not 0 and var id))
            {
                return found;
            }

            var ns = cursor["ns"u8].AsString;
            reply = await AskAsync(
                $$"""{"getMore":{"$numberLong":"{{id}}"},"collection":"{{ns[(ns.IndexOf('.', StringComparison.Ordinal) + 1)..]}}"}""",
                database
            );
        }
    }

    /// <summary>Opens a cursor and leaves it open.</summary>
    internal async Task<long> OpenCursorAsync(string command) =>
        (await AskAsync(command)).View["cursor"u8].AsDocument["id"u8].ToInt64();

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await _registry.DisposeAsync();
    }
}

/// <summary>The time of day can be set forward; timers run as they do.</summary>
internal sealed class ServedClock : TimeProvider
{
    private long _ahead;

    internal void Advance(TimeSpan by) => Interlocked.Add(ref _ahead, by.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref _ahead));
}
