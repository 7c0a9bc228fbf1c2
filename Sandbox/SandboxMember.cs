using System.Collections.Concurrent;
using System.Net;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Listener;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Query;
using Backup.Sandbox.Replication;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox;

/// <summary>One member of the replica set: its data, its open cursors, its socket, and how it stands to the others.</summary>
internal sealed class SandboxMember : IAsyncDisposable
{
    private readonly CommandRouter _router;
    private readonly IPAddress _listensAt;
    private volatile TaskCompletionSource? _hanging;
    private volatile MemberState _state;
    private volatile Engine _engine;
    private readonly SemaphoreSlim _lifecycle = new(1);
    private MongoListener? _listener;
    private volatile bool _isUp = true;
    private volatile bool _isStalled;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _changes = 1;

    public SandboxMember(int number, SandboxOptions options, IPEndPoint endPoint, Engine engine)
    {
        Number = number;
        Options = options;
        _engine = engine;
        _router = new CommandRouter(this);
        _listensAt = endPoint.Address;
        Cursors = new CursorTable(options.Time, options.CursorTimeout);
        Access = new Access(options.Users);
        Started = options.Time.GetUtcNow();
        _listener = Listen(endPoint);
        Port = _listener.EndPoint.Port;
        Address = _listener.EndPoint.ToString();
        SawPrimary = SawMajority = options.Time.GetTimestamp();
    }

    public int Number { get; }

    public SandboxOptions Options { get; }

    /// <summary>Another one once it was erased and has copied the data anew.</summary>
    public Engine Engine => _engine;

    public CursorTable Cursors { get; }

    public Access Access { get; }

    public SandboxFaults Faults { get; } = new();

    public DateTimeOffset Started { get; private set; }

    public TimeProvider Time => Options.Time;

    public string Address { get; }

    public int Port { get; }

    public Guid OplogUuid { get; } = Guid.NewGuid();

    /// <summary>Of the process as its clients see it: another one after each start.</summary>
    public byte[] ProcessId { get; private set; } = WriteCommands.NewObjectId();

    /// <summary>Known as soon as all members are there.</summary>
    public Coordinator Set { get; set; } = null!;

    public MemberState State
    {
        get => _state;
        set => _state = value;
    }

    public bool IsPrimary => _state == MemberState.Primary;

    /// <summary>12 bytes; grows with the term.</summary>
    public byte[] ElectionId =>
        [0x7f, 0xff, 0xff, 0xff, .. BitConverter.GetBytes(IPAddress.HostToNetworkOrder(Engine.Term))];

    /// <summary>Of the last election that it won: where its term begins.</summary>
    public Optime ElectedAt { get; set; }

    /// <summary>Whether it runs and says anything.</summary>
    public bool Answers => IsUp && _hanging is null;

    public bool IsUp => _isUp;

    /// <summary>Whether it copies nothing from anybody.</summary>
    public bool IsStalled
    {
        get => _isStalled;
        set => _isStalled = value;
    }

    /// <summary>Entries younger than that it does not copy yet.</summary>
    public TimeSpan Lag { get; set; }

    public bool InMaintenance { get; set; }

    /// <summary>Whether it has data; not before it has copied all where it was erased.</summary>
    public bool IsCopied { get; private set; } = true;

    /// <summary>As a primary knows it: how far each other member is.</summary>
    public ConcurrentDictionary<int, Optime> Progress { get; } = [];

    /// <summary>Entries that it had to undo, in the order in which it did.</summary>
    public ConcurrentQueue<BsonDocument> RolledBack { get; } = [];

    public long SawPrimary { get; set; }

    public long SawMajority { get; set; }

    /// <summary>Since when a member of higher priority could be primary in its place.</summary>
    public long? Outranked { get; set; }

    public DateTimeOffset NoElectionUntil { get; set; }

    public int Connections => _listener?.Connections ?? 0;

    /// <summary>Grows with every change of what hello answers.</summary>
    public long Changes => Interlocked.Read(ref _changes);

    /// <summary>Completes at the next change of what hello answers.</summary>
    public Task NextChange => Volatile.Read(ref _changed).Task;

    /// <summary>Answers a command that came over no socket.</summary>
    public ValueTask<BsonDocument> HandleAsync(CommandRequest request, CancellationToken cancellation) =>
        _router.HandleAsync(request, cancellation);

    /// <summary>What hello answers is different now.</summary>
    public void Changed()
    {
        Interlocked.Increment(ref _changes);
        Interlocked
            .Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))
            .TrySetResult();
    }

    /// <summary>Takes data that was copied as its own.</summary>
    public void Become(Engine engine)
    {
        _engine = engine;
        IsCopied = true;
    }

    /// <summary>Keeps its connections and answers nobody, like a host that hangs.</summary>
    public void Hang() =>
        Interlocked.CompareExchange(
            ref _hanging,
            new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously),
            null
        );

    public void Thaw() => Interlocked.Exchange(ref _hanging, null)?.SetResult();

    /// <summary>Nobody gets an answer while it hangs.</summary>
    public async ValueTask AnswersAsync(CancellationToken cancellation)
    {
        while (_hanging is { } hanging)
        {
            await hanging.Task.WaitAsync(cancellation);
        }
    }

    /// <summary>It is gone with all its connections, and with what was in work.</summary>
    public async Task KillAsync()
    {
        Hang();
        _isUp = false;
        await StopListeningAsync();
        lock (Engine.Gate)
        {
            Engine.IsWritable = false;
            Engine.Sessions.AbortInProgress();
            State = State is MemberState.Removed or MemberState.Arbiter ? State : MemberState.Startup2;
        }

        Cursors.RemoveAll();
    }

    /// <summary>Starts again after a kill, at the same address and with the same data.</summary>
    /// <param name="erased">Whether it has lost its data.</param>
    public async Task RestartAsync(bool erased)
    {
        await _lifecycle.WaitAsync();
        try
        {
            if (IsUp)
            {
                return;
            }

            IsCopied = !erased;
            InMaintenance = false;
            Started = Time.GetUtcNow();
            ProcessId = WriteCommands.NewObjectId();
            SawPrimary = SawMajority = Time.GetTimestamp();
            _listener = Listen(new IPEndPoint(_listensAt, Port));
            _isUp = true;
        }
        finally
        {
            _lifecycle.Release();
        }

        Thaw();
        Changed();
    }

    /// <summary>Closes every connection and serves again at the same address.</summary>
    public async Task DropConnectionsAsync()
    {
        await _lifecycle.WaitAsync();
        try
        {
            if (IsUp && _listener is { } listener)
            {
                await listener.DisposeAsync();
                _listener = Listen(new IPEndPoint(_listensAt, Port));
            }
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Thaw();
        _isUp = false;
        await StopListeningAsync();
        _lifecycle.Dispose();
    }

    private async Task StopListeningAsync()
    {
        await _lifecycle.WaitAsync();
        try
        {
            if (_listener is { } listener)
            {
                _listener = null;
                await listener.DisposeAsync();
            }
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    private MongoListener Listen(IPEndPoint at) =>
        MongoListener.Start(
            new ListenerOptions
            {
                EndPoint = at,
                Tls = Options.Tls,
                Time = Options.Time,
                StopTimeout = TimeSpan.FromMilliseconds(500),
            },
            _router
        );
}
