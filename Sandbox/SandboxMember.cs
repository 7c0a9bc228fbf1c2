using System.Security.Cryptography;
using Backup.MongoWire.Listener;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Query;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox;

/// <summary>One member of the replica set: its data, its open cursors, its socket.</summary>
internal sealed class SandboxMember : IAsyncDisposable
{
    private MongoListener _listener;

    public SandboxMember(SandboxOptions options, byte[] replicaSetId, long term)
    {
        Options = options;
        ReplicaSetId = replicaSetId;
        ElectionId = [0x7f, 0xff, 0xff, 0xff, .. BitConverter.GetBytes(System.Net.IPAddress.HostToNetworkOrder(term))];
        Engine = new Engine(options, term);
        Cursors = new CursorTable(options.Time, options.CursorTimeout);
        Access = new Access(options.Users);
        Started = options.Time.GetUtcNow();
        _listener = Listen(options.EndPoint);
        Port = _listener.EndPoint.Port;
        Address = _listener.EndPoint.ToString();
    }

    public SandboxOptions Options { get; }

    public Engine Engine { get; }

    public CursorTable Cursors { get; }

    public Access Access { get; }

    public SandboxFaults Faults { get; } = new();

    public DateTimeOffset Started { get; }

    public TimeProvider Time => Options.Time;

    public bool IsPrimary { get; set; } = true;

    /// <summary>12 bytes; grows with the term.</summary>
    public byte[] ElectionId { get; }

    public byte[] ReplicaSetId { get; }

    public Guid OplogUuid { get; } = Guid.NewGuid();

    public string Address { get; }

    public int Port { get; }

    public int Connections => _listener.Connections;

    /// <summary>Closes every connection and serves again at the same address.</summary>
    public async Task DropConnectionsAsync()
    {
        await _listener.DisposeAsync();
        _listener = Listen(new(Options.EndPoint.Address, Port));
    }

    public static byte[] NewObjectId() => RandomNumberGenerator.GetBytes(12);

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private MongoListener Listen(System.Net.IPEndPoint at) =>
        MongoListener.Start(
            new ListenerOptions
            {
                EndPoint = at,
                Time = Options.Time,
                StopTimeout = TimeSpan.FromMilliseconds(500),
            },
            new CommandRouter(this)
        );
}
