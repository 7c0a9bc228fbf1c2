using System.Net;
using System.Net.Sockets;
using Backup.Foundation.Errors;
using Backup.MongoWire.Authentication;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client.Discovery;
using Backup.MongoWire.Protocol;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>
/// One socket to one server, through TLS, hello and authentication. One command at a time. It dies in one way only:
/// <see cref="Break"/>; after that every call throws the error that killed it.
/// </summary>
public sealed class MongoConnection : IAsyncDisposable
{
    private readonly ConnectionSettings _settings;
    private readonly ConnectionOrigin _origin;
    private readonly WireStream _wire;
    private ErrorStage _stage = ErrorStage.Connecting;
    private Exception? _broken;
    private CompressorId? _compressor;
    private int _lastRequestId;

    private MongoConnection(HostAddress host, ConnectionSettings settings, ConnectionOrigin origin, WireStream wire)
    {
        Host = host;
        _settings = settings;
        _origin = origin;
        _wire = wire;
    }

    public HostAddress Host { get; }

    public bool IsBroken => Volatile.Read(ref _broken) is not null;

    internal int Generation => _origin.Generation;

    internal WireTraffic Traffic => _settings.Traffic;

    /// <summary>The server's hello reply, from the handshake.</summary>
    public BsonDocument Hello { get; private set; } = BsonDocument.Empty;

    /// <summary>Connects, secures, greets and logs in, all within the connect timeout.</summary>
    /// <exception cref="BackupException">2110 to 2122, 2132.</exception>
    internal static async Task<MongoConnection> ConnectAsync(
        HostAddress host,
        ConnectionSettings settings,
        ConnectionOrigin origin,
        CancellationToken cancellation
    )
    {
        using var limit = new CancellationTokenSource(settings.ConnectTimeout, settings.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        var connection = default(MongoConnection);
        try
        {
            var wire = new WireStream(await OpenSecuredAsync(host, settings, either.Token));
            connection = new MongoConnection(host, settings, origin, wire);
            await connection.HandshakeAsync(either.Token);
            return connection;
        }
        catch (Exception failure)
        {
            var known = Translated(host, settings, failure, cancellation);
            connection?.Break(known);
            if (known is BackupException told && told.Number != MongoWireErrors.ServerTooOld)
            {
                var stage = connection?._stage ?? ErrorStage.Connecting;
                origin.Failed?.Invoke(ApplicationError.Of(host, origin.Generation, stage, told));
            }

            if (ReferenceEquals(known, failure))
            {
                throw;
            }

            throw known;
        }
    }

    /// <summary>Sends a command and awaits its answer. A cancelled call breaks the connection.</summary>
    /// <exception cref="CommandException">The server answered ok: 0; the connection lives on.</exception>
    /// <exception cref="BackupException">2111, 2113: it broke.</exception>
    public Task<CommandReply> RunCommandAsync(string database, BsonDocument command, CancellationToken cancellation) =>
        RunCommandAsync(database, command, [], default, TimeSpan.Zero, cancellation);

    /// <param name="trailer">Elements put behind the command's own, for example <c>$readPreference</c>.</param>
    /// <param name="extraWait">On top of the read timeout: how long the server was asked to wait.</param>
    internal Task<CommandReply> RunCommandAsync(
        string database,
        BsonDocument command,
        ReadOnlyMemory<byte> trailer,
        TimeSpan extraWait,
        CancellationToken cancellation
    ) => RunCommandAsync(database, command, [], trailer, extraWait, cancellation);

    /// <param name="sequences">Arguments of the command that are sent beside it.</param>
    /// <inheritdoc cref="RunCommandAsync(string, BsonDocument, ReadOnlyMemory{byte}, TimeSpan, CancellationToken)"/>
    internal async Task<CommandReply> RunCommandAsync(
        string database,
        BsonDocument command,
        IReadOnlyList<DocumentSequence> sequences,
        ReadOnlyMemory<byte> trailer,
        TimeSpan extraWait,
        CancellationToken cancellation
    )
    {
        ThrowIfBroken();
        var limitLength = _settings.ReadTimeout + extraWait;
        using var limit = new CancellationTokenSource(limitLength, _settings.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            var reply = Checked(await ExchangeAsync(database, command, sequences, trailer, either.Token), command);
            if (ApplicationError.OfWriteConcern(Host, command.View.First.NameText, reply.View) is { } late)
            {
                Tell(late);
            }

            return reply;
        }
        catch (OperationCanceledException late) when (cancellation.IsCancellationRequested)
        {
            Break(late);
            throw;
        }
        catch (OperationCanceledException late)
        {
            var slow = MongoWireErrors.Timeout(Host, command.View.First.NameText, limitLength, late);
            Break(slow);
            throw Told(slow);
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException)
        {
            Break(failure);
            throw Told(MongoWireErrors.Lost(Host, Volatile.Read(ref _broken)));
        }
        catch (CommandException refused)
        {
            Tell(refused);
            throw;
        }
        catch (BackupException failure)
        {
            Break(failure);
            Tell(failure);
            throw;
        }
    }

    /// <summary>Ends the connection, with the reason that later calls will name.</summary>
    public void Break(Exception reason)
    {
        if (Interlocked.CompareExchange(ref _broken, reason, null) is null)
        {
            _ = _wire.DisposeAsync().AsTask();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.CompareExchange(ref _broken, new ObjectDisposedException("connection"), null) is null)
        {
            await _wire.DisposeAsync();
        }
    }

    private static async Task<Stream> OpenAsync(HostAddress host, CancellationToken cancellation)
    {
        var unix = host.Kind == HostKind.UnixSocket;
        var socket = unix
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            EndPoint target = unix ? new UnixDomainSocketEndPoint(host.Host) : new DnsEndPoint(host.Host, host.Port);
            await socket.ConnectAsync(target, cancellation);
            if (!unix)
            {
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            }

            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw MongoWireErrors.Unreachable(host, failure);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<Stream> OpenSecuredAsync(
        HostAddress host,
        ConnectionSettings settings,
        CancellationToken cancellation
    )
    {
        var stream = await OpenAsync(host, cancellation);
        if (!settings.Tls)
        {
            return stream;
        }

        try
        {
            return await TlsConnector.SecureAsync(stream, host, settings.Options, cancellation);
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>The numbered error of whatever ended an attempt to connect; the caller's own cancellation stays what it is.</summary>
    private static Exception Translated(
        HostAddress host,
        ConnectionSettings settings,
        Exception failure,
        CancellationToken cancellation
    ) =>
        failure switch
        {
            OperationCanceledException when cancellation.IsCancellationRequested => failure,
            OperationCanceledException => MongoWireErrors.Timeout(host, "connecting", settings.ConnectTimeout, failure),
            IOException or SocketException or ObjectDisposedException => MongoWireErrors.Lost(host, failure),
            _ => failure,
        };

    private BackupException Told(BackupException failure)
    {
        Tell(failure);
        return failure;
    }

    private void Tell(BackupException failure)
    {
        // While it logs in, what fails is told once, by whoever connects.
        if (_stage == ErrorStage.Established)
        {
            _origin.Failed?.Invoke(ApplicationError.Of(Host, Generation, _stage, failure));
        }
    }

    private async Task HandshakeAsync(CancellationToken cancellation)
    {
        var first = HelloCommand.First(_settings);
        Traffic.Sent();
        await _wire.SendQueryAsync(++_lastRequestId, "admin", first, cancellation);
        using (var reply = Checked(await ReceiveAsync(cancellation), first))
        {
            Hello = reply.View.ToDocument();
        }

        var version = RawFields.Number(Hello.View, "maxWireVersion"u8);
        if (version < _settings.MinWireVersion)
        {
            throw MongoWireErrors.TooOld(Host, version, _settings.MinWireVersion);
        }

        _compressor = RawFields
            .Texts(Hello.View, "compression"u8)
            .Where(name => _settings.Compressors.Contains(name, StringComparer.Ordinal))
            .Select(Compressors.Find)
            .FirstOrDefault();
        if (_settings.Credential is { } credential && !RawFields.Flag(Hello.View, "arbiterOnly"u8))
        {
            _stage = ErrorStage.Authenticating;
            await Authenticator.LogInAsync(this, credential, cancellation);
        }

        _stage = ErrorStage.Established;
    }

    private async Task<CommandReply> ExchangeAsync(
        string database,
        BsonDocument command,
        IReadOnlyList<DocumentSequence> sequences,
        ReadOnlyMemory<byte> trailer,
        CancellationToken cancellation
    )
    {
        using var writer = new BsonWriter();
        writer.String("$db"u8, database).RawElements(trailer.Span);
        var compressor = IsNeverCompressed(command.View.First.Name) ? null : _compressor;
        Traffic.Sent();
        await _wire.SendMsgAsync(
            ++_lastRequestId,
            0,
            command,
            writer.WrittenMemory,
            sequences,
            new SendOptions(Compressor: compressor),
            cancellation
        );
        return await ReceiveAsync(cancellation);
    }

    private async Task<CommandReply> ReceiveAsync(CancellationToken cancellation)
    {
        var message = await _wire.ReceiveAsync(cancellation);
        Traffic.Read(message.Body.Length);
        if (message.ResponseTo == _lastRequestId)
        {
            return new CommandReply(message, Host);
        }

        using (message)
        {
            throw MongoWireErrors.BadMessage($"an answer to request {message.ResponseTo} instead of {_lastRequestId}");
        }
    }

    private CommandReply Checked(CommandReply reply, BsonDocument command)
    {
        if (RawFields.Flag(reply.View, "ok"u8))
        {
            return reply;
        }

        using (reply)
        {
            throw ApplicationError.OfReply(Host, command.View.First.NameText, reply.View);
        }
    }

    /// <summary>Passwords are not compressed, so that their length cannot be guessed from the wire.</summary>
    private static bool IsNeverCompressed(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("saslStart"u8)
        || name.SequenceEqual("saslContinue"u8)
        || name.SequenceEqual("authenticate"u8)
        || name.SequenceEqual("isMaster"u8)
        || name.SequenceEqual("hello"u8);

    private void ThrowIfBroken()
    {
        if (Volatile.Read(ref _broken) is { } reason)
        {
            throw MongoWireErrors.Lost(Host, reason);
        }
    }
}
