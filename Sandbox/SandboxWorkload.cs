using Backup.MongoWire.Bson;

namespace Backup.Sandbox;

/// <summary>How lively a workload is.</summary>
public sealed record SandboxWorkloadOptions
{
    /// <summary>1 and up; default <c>shop</c>.</summary>
    public string Database { get; init; } = "shop";

    /// <summary>Operations a second, 1 to 10,000.</summary>
    public int Rate { get; init; } = 20;

    /// <summary>Documents of <c>customers</c>, made at the start.</summary>
    public int Customers { get; init; } = 200;

    /// <summary>Most documents of <c>orders</c> and of <c>events</c>; then the oldest go.</summary>
    public int MaxDocuments { get; init; } = 5000;

    /// <summary>The same seed makes the same operations.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>
/// A small shop at work: customers, orders that are placed and shipped, events that come and go. Bounded in rate and
/// size, so that a sandbox may run for days.
/// </summary>
public sealed class SandboxWorkload : IAsyncDisposable
{
    private static readonly string[] States = ["placed", "paid", "packed", "shipped"];

    private readonly SandboxReplicaSet _set;
    private readonly SandboxWorkloadOptions _options;
    private readonly Random _random;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Queue<long> _orders = new();
    private readonly Queue<long> _events = new();
    private readonly Task _running;
    private long _operations;
    private long _next;

    private SandboxWorkload(SandboxReplicaSet set, SandboxWorkloadOptions options)
    {
        _set = set;
        _options = options;
        _random = new Random(options.Seed);
        for (var i = 0; i < options.Customers; i++)
        {
            _set.Insert(options.Database, "customers", Customer(i));
        }

        _running = RunAsync();
    }

    /// <summary>Operations done so far.</summary>
    public long Operations => Interlocked.Read(ref _operations);

    /// <summary>Fills <c>customers</c> and goes on in the background until it is disposed.</summary>
    public static SandboxWorkload Start(SandboxReplicaSet set, SandboxWorkloadOptions? options = null)
    {
        options ??= new SandboxWorkloadOptions();
        return options.Rate is < 1 or > 10_000
            ? throw SandboxErrors.InvalidOption(nameof(SandboxWorkloadOptions.Rate), "must be 1 to 10000")
            : new SandboxWorkload(set, options);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / _options.Rate), _set.Options.Time);
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                Step();
                Interlocked.Increment(ref _operations);
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private void Step()
    {
        var dice = _random.Next(100);
        if (dice < 35 || _orders.Count == 0)
        {
            Place();
        }
        else if (dice < 65)
        {
            Advance(_orders.ElementAt(_random.Next(_orders.Count)));
        }
        else
        {
            var id = ++_next;
            _set.Insert(_options.Database, "events", Event(id));
            Keep(_events, id, "events");
        }
    }

    private void Place()
    {
        var id = ++_next;
        _set.Insert(_options.Database, "orders", Order(id));
        Keep(_orders, id, "orders");
    }

    private void Advance(long order)
    {
        var state = States[_random.Next(1, States.Length)];
        _set.Update(
            _options.Database,
            "orders",
            BsonDocument.Build(w => w.Int64("_id"u8, order)),
            BsonDocument.Build(w =>
            {
                w.BeginDocument("$set"u8).String("state"u8, state).EndDocument();
                w.BeginDocument("$inc"u8).Int32("changes"u8, 1).EndDocument();
            })
        );
    }

    private void Keep(Queue<long> known, long id, string collection)
    {
        known.Enqueue(id);
        if (known.Count > _options.MaxDocuments)
        {
            var oldest = known.Dequeue();
            _set.Delete(_options.Database, collection, BsonDocument.Build(w => w.Int64("_id"u8, oldest)));
        }
    }

    private BsonDocument Customer(long id)
    {
        var points = _random.Next(1000);
        return BsonDocument.Build(w =>
            w.Int64("_id"u8, id).String("name"u8, $"Customer {id}").Int32("points"u8, points).Boolean("active"u8, true)
        );
    }

    private BsonDocument Order(long id)
    {
        var (customer, lines) = (_random.Next(Math.Max(1, _options.Customers)), _random.Next(1, 6));
        var now = _set.Options.Time.GetUtcNow().ToUnixTimeMilliseconds();
        return BsonDocument.Build(w =>
        {
            Span<byte> scratch = stackalloc byte[11];
            w.Int64("_id"u8, id).Int64("customer"u8, customer).String("state"u8, States[0]).DateTime("placed"u8, now);
            w.BeginArray("lines"u8);
            for (var i = 0; i < lines; i++)
            {
                w.BeginDocument(w.ArrayItemName(scratch))
                    .Int32("article"u8, i * 7)
                    .Int32("count"u8, i + 1)
                    .EndDocument();
            }

            w.EndArray();
        });
    }

    private BsonDocument Event(long id)
    {
        var value = _random.NextDouble();
        var now = _set.Options.Time.GetUtcNow().ToUnixTimeMilliseconds();
        return BsonDocument.Build(w => w.Int64("_id"u8, id).DateTime("at"u8, now).Double("value"u8, value));
    }
}
