using System.Globalization;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Sandbox;

/// <summary>How busy a bank is.</summary>
public sealed record SandboxBankOptions
{
    /// <summary>The database; it must not be there yet.</summary>
    public string Database { get; init; } = "bank";

    /// <summary>Accounts, with the ids 0 to one less; 4 and up.</summary>
    public int Accounts { get; init; } = 100;

    /// <summary>What each of them begins with.</summary>
    public int Balance { get; init; } = 1000;

    /// <summary>Transfers that are under way at a time; 0 to 100.</summary>
    public int Clerks { get; init; } = 2;

    /// <summary>From one transfer of a clerk to the next.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>From one move of a chunk to another shard to the next; zero: none are moved.</summary>
    public TimeSpan MoveInterval { get; init; }

    /// <summary>The same seed makes the same choices.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>
/// A bank on a sharded cluster: accounts on all shards, transfers between them in transactions, a tenth of which is given up, and chunks that move
/// meanwhile. Whatever happens, the sum of all balances stays what it was. It needs nothing but a connection string, so that it works on any cluster.
/// </summary>
public sealed class SandboxBankWorkload : IAsyncDisposable
{
    private const int Chunks = 4;

    /// <summary>A server lets no chunk come back to where its documents still wait to be removed, for 15 minutes by default.</summary>
    private const string Waiting = "\"_waitForDelete\":true";

    private readonly SandboxBankOptions _options;
    private readonly MongoClient _client;
    private readonly IReadOnlyList<HostAddress> _routers;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _running = [];
    private long _committed;
    private long _failed;
    private long _moved;

    private SandboxBankWorkload(string connectionString, SandboxBankOptions options)
    {
        var parsed = ConnectionString.Parse(connectionString);
        _options = options;
        _client = new MongoClient(parsed, new MongoClientOptions { ApplicationName = "bank" });
        _routers = parsed.Hosts;
    }

    /// <summary>What the sum of all balances must be.</summary>
    public long Total => (long)_options.Accounts * _options.Balance;

    /// <summary>Transfers that a router has said are committed.</summary>
    public long Committed => Interlocked.Read(ref _committed);

    /// <summary>Transfers that came to nothing, or whose end nobody has told.</summary>
    public long Failed => Interlocked.Read(ref _failed);

    public long Moved => Interlocked.Read(ref _moved);

    /// <summary>Makes the bank and begins.</summary>
    /// <param name="connectionString">Of the routers.</param>
    /// <exception cref="BackupException">2501 a bad option; what the cluster answers.</exception>
    public static async Task<SandboxBankWorkload> StartAsync(
        string connectionString,
        SandboxBankOptions? options = null,
        CancellationToken cancellation = default
    )
    {
        options ??= new SandboxBankOptions();
        if (options.Accounts < Chunks || options.Clerks is < 0 or > 100)
        {
            throw SandboxErrors.InvalidOption(nameof(options), "a bank has 4 accounts at least and 100 clerks at most");
        }

        var bank = new SandboxBankWorkload(connectionString, options);
        try
        {
            await bank.FoundAsync(cancellation);
        }
        catch
        {
            await bank.DisposeAsync();
            throw;
        }

        for (var clerk = 0; clerk < options.Clerks; clerk++)
        {
            var number = clerk;
            bank._running.Add(Task.Run(() => bank.TransferAlwaysAsync(number), CancellationToken.None));
        }

        if (options.MoveInterval > TimeSpan.Zero)
        {
            bank._running.Add(Task.Run(bank.MoveAlwaysAsync, CancellationToken.None));
        }

        return bank;
    }

    /// <summary>The sum of all balances at one moment, in a transaction that sees all shards as of one time.</summary>
    public async Task<long> SumAsync(CancellationToken cancellation = default)
    {
        while (true)
        {
            var session = new Session(this, _routers[0]);
            try
            {
                var reply = await session.RunAsync(
                    """{"aggregate":"accounts","pipeline":[{"$group":{"_id":null,"sum":{"$sum":"$balance"} } }],"cursor":{} }""",
                    cancellation
                );
                await session.EndAsync("commitTransaction", cancellation);
                var sum = 0L;
                foreach (var one in reply.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument)
                {
                    sum = one.AsDocument["sum"u8].ToInt64();
                }

                return sum;
            }
            catch (CommandException again) when (again.Labels.Contains("TransientTransactionError"))
            {
                // A chunk has moved meanwhile.
                await Task.Delay(_options.Pause, cancellation);
            }
        }
    }

    /// <summary>Ends what is under way, transfers to their end.</summary>
    public async Task StopAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            await _stopping.CancelAsync();
            await Task.WhenAll(_running);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _client.DisposeAsync();
        _stopping.Dispose();
    }

    private async Task FoundAsync(CancellationToken cancellation)
    {
        var ns = $"{_options.Database}.accounts";
        await AdminAsync($$"""{"enableSharding":"{{_options.Database}}"}""", cancellation);
        await AdminAsync($$"""{"shardCollection":"{{ns}}","key":{"_id":1} }""", cancellation);
        await AdminAsync(
            $$"""{"shardCollection":"{{_options.Database}}.transfers","key":{"_id":"hashed"} }""",
            cancellation
        );
        var accounts = Enumerable
            .Range(0, _options.Accounts)
            .Select(id => $$"""{"_id":{{id}},"balance":{{_options.Balance}} }""");
        await RunAsync(
            _routers[0],
            _options.Database,
            $$"""{"insert":"accounts","documents":[{{string.Join(',', accounts)}}],"writeConcern":{"w":"majority"} }""",
            cancellation
        );
        var shards = await ShardsAsync(cancellation);
        for (var chunk = 1; chunk < Chunks; chunk++)
        {
            var at = _options.Accounts * chunk / Chunks;
            await AdminAsync($$"""{"split":"{{ns}}","middle":{"_id":{{at}} } }""", cancellation);
            var to = shards[chunk % shards.Count];
            await AdminAsync(
                $$"""{"moveChunk":"{{ns}}","find":{"_id":{{at}} },"to":"{{to}}",{{Waiting}}}""",
                cancellation
            );
        }
    }

    private async Task TransferAlwaysAsync(int clerk)
    {
        var random = new Random(_options.Seed * 1000 + clerk);
        var number = 0;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await TransferAsync(random, clerk * 1_000_000 + number++);
                await Task.Delay(_options.Pause, _stopping.Token);
            }
            catch (BackupException)
            {
                // It came to nothing, or nobody says how it ended: the next one.
                Interlocked.Increment(ref _failed);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task TransferAsync(Random random, int number)
    {
        var from = random.Next(_options.Accounts);
        var to = (from + 1 + random.Next(_options.Accounts - 1)) % _options.Accounts;
        var amount = random.Next(1, 50);
        var gives = random.Next(10) > 0;
        var session = new Session(this, _routers[random.Next(_routers.Count)]);
        // What has begun is ended, also when the bank closes.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await session.RunAsync(Add(from, -amount), limit.Token);
            await session.RunAsync(Add(to, amount), limit.Token);
            await session.RunAsync(
                $$"""{"insert":"transfers","documents":[{"_id":{{number}},"from":{{from}},"to":{{to}},"amount":{{amount}} }]}""",
                limit.Token
            );
        }
        catch (BackupException)
        {
            await session.TryAbortAsync();
            throw;
        }

        await session.EndAsync(gives ? "commitTransaction" : "abortTransaction", limit.Token);
        if (gives)
        {
            Interlocked.Increment(ref _committed);
        }

        static string Add(int account, int amount) =>
            $$"""{"update":"accounts","updates":[{"q":{"_id":{{account}} },"u":{"$inc":{"balance":{{amount}} } } }]}""";
    }

    private async Task MoveAlwaysAsync()
    {
        var random = new Random(_options.Seed);
        try
        {
            while (true)
            {
                await Task.Delay(_options.MoveInterval, _stopping.Token);
                try
                {
                    // What has begun is ended, unless it waits for the server's own removal of what left before.
                    using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
                    var shards = await ShardsAsync(_stopping.Token);
                    var (account, to) = (random.Next(_options.Accounts), shards[random.Next(shards.Count)]);
                    await AdminAsync(
                        $$"""{"moveChunk":"{{_options.Database}}.accounts","find":{"_id":{{account}} },"to":"{{to}}",{{Waiting}}}""",
                        limit.Token
                    );
                    Interlocked.Increment(ref _moved);
                }
                catch (BackupException)
                {
                    // The next one.
                }
                catch (OperationCanceledException) when (!_stopping.IsCancellationRequested)
                {
                    // The next one.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task<List<string>> ShardsAsync(CancellationToken cancellation)
    {
        var reply = await AdminAsync("""{"listShards":1}""", cancellation);
        var shards = new List<string>();
        foreach (var shard in reply.View["shards"u8].AsDocument)
        {
            shards.Add(shard.AsDocument["_id"u8].AsString);
        }

        return shards;
    }

    private Task<BsonDocument> AdminAsync(string command, CancellationToken cancellation) =>
        RunAsync(_routers[0], "admin", command, cancellation);

    private async Task<BsonDocument> RunAsync(
        HostAddress router,
        string database,
        string command,
        CancellationToken cancellation
    )
    {
        using var reply = await _client.RunCommandAsync(
            database,
            ExtendedJson.Parse(command),
            ReadTarget.On(router),
            cancellation
        );
        return reply.View.ToDocument();
    }

    /// <summary>One transaction, in a session of its own, through one router.</summary>
    private sealed class Session(SandboxBankWorkload bank, HostAddress router)
    {
        private readonly string _id = Convert.ToBase64String(Guid.NewGuid().ToByteArray());
        private bool _hasBegun;

        /// <exception cref="CommandException">Of the server, or of a statement of a write.</exception>
        public async Task<BsonDocument> RunAsync(string command, CancellationToken cancellation)
        {
            var begins = _hasBegun ? "" : ",\"startTransaction\":true,\"readConcern\":{\"level\":\"snapshot\"}";
            _hasBegun = true;
            var reply = await bank.RunAsync(router, bank._options.Database, With(command, begins), cancellation);
            return reply.View.Has("writeErrors"u8)
                ? throw SandboxErrors.Refused(ExtendedJson.ToText(reply.View))
                : reply;
        }

        public async Task EndAsync(string how, CancellationToken cancellation) =>
            await bank.RunAsync(
                router,
                "admin",
                With($$"""{"{{how}}":1,"writeConcern":{"w":"majority"} }""", ""),
                cancellation
            );

        /// <summary>What is left open keeps documents locked, and chunks from moving, for a minute.</summary>
        public async Task TryAbortAsync()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            try
            {
                await EndAsync("abortTransaction", limit.Token);
            }
            catch (Exception failure) when (failure is BackupException or OperationCanceledException)
            {
                // Aborted already, or the server does it when its time is over.
            }
        }

        private string With(string command, string more) =>
            string.Create(
                CultureInfo.InvariantCulture,
                $$$"""
                {{{command.TrimEnd()[..^1]}}},"lsid":{"id":{"$binary":{"base64":"{{{_id}}}","subType":"04"} } },
                "txnNumber":{"$numberLong":"1"},"autocommit":false{{{more}}} }
                """
            );
    }
}
