using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Protocol;

namespace Backup.MongoWire.Listener;

/// <summary>One client connection from its first byte to its last: TLS, then request after request.</summary>
internal sealed class ListenerSession(
    ListenerOptions options,
    ICommandHandler handler,
    Socket socket,
    long id,
    CancellationToken stopping,
    CancellationToken killing
)
{
    private int _lastRequestId;

    /// <summary>Never throws: whatever a client sends ends its own connection only.</summary>
    internal async Task RunAsync()
    {
        using var closed = CancellationTokenSource.CreateLinkedTokenSource(killing);
        try
        {
            socket.NoDelay = true;
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            await ServeAsync(stream, closed);
        }
        catch (Exception failure) when (IsClientsEnd(failure))
        {
            // The client hung up, was silent for too long, or sent what is no message: its connection is over.
        }
    }

    private static bool IsClientsEnd(Exception failure) =>
        failure
            is IOException
                or SocketException
                or OperationCanceledException
                or AuthenticationException
                or BackupException
                or ObjectDisposedException;

    private async Task ServeAsync(Stream stream, CancellationTokenSource closed)
    {
        var tls = options.Tls is null ? null : await HandshakeAsync(stream, options.Tls, closed.Token);
        var connection = new ListenerConnection(
            id,
            socket.RemoteEndPoint,
            tls?.RemoteCertificate is { } certificate ? new X509Certificate2(certificate) : null
        )
        {
            Closed = closed.Token,
        };
        await using var wire = new WireStream(tls ?? stream, options.MaxMessageLength);
        try
        {
            while (await NextAsync(wire, closed.Token) is { } message)
            {
                using (message)
                {
                    await AnswerAsync(wire, connection, message, closed);
                }
            }
        }
        finally
        {
            await closed.CancelAsync();
            handler.Disconnected(connection);
        }
    }

    private async Task<SslStream> HandshakeAsync(
        Stream stream,
        SslServerAuthenticationOptions tls,
        CancellationToken cancellation
    )
    {
        using var limit = new CancellationTokenSource(options.MessageTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation, stopping);
        var secured = new SslStream(stream);
        await secured.AuthenticateAsServerAsync(tls, either.Token);
        return secured;
    }

    /// <summary>The next request; null where the client hung up or the listener stops between two requests.</summary>
    private async Task<WireMessage?> NextAsync(WireStream wire, CancellationToken cancellation)
    {
        using var idle = new CancellationTokenSource(options.IdleTimeout, options.Time);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancellation, stopping);
        if (await wire.ReceiveHeaderAsync(waiting.Token) is not { } header)
        {
            return null;
        }

        using var limit = new CancellationTokenSource(options.MessageTimeout, options.Time);
        using var receiving = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        return await wire.ReceiveBodyAsync(header, receiving.Token);
    }

    private async Task AnswerAsync(
        WireStream wire,
        ListenerConnection connection,
        WireMessage message,
        CancellationTokenSource closed
    )
    {
        var responseTo = message.RequestId;
        async ValueTask SendMore(BsonDocument document, CancellationToken cancellation)
        {
            var requestId = ++_lastRequestId;
            await SendAsync(wire, message, requestId, responseTo, document, MsgFlags.MoreToCome, cancellation);
            responseTo = requestId;
        }

        var request = new CommandRequest(connection, message, DatabaseOf(message), SendMore);
        using var watched = WatchForHangUp(closed);
        var reply = await HandleAsync(request, closed.Token);
        if (request.WantsReply)
        {
            await SendAsync(wire, message, ++_lastRequestId, responseTo, reply, MsgFlags.None, closed.Token);
        }
    }

    /// <summary>While a request is in work, a client that hangs up is noticed, so that long waits end.</summary>
    private IDisposable WatchForHangUp(CancellationTokenSource closed)
    {
        return options.Time.CreateTimer(
            static state =>
            {
                var (socket, closed) = ((Socket, CancellationTokenSource))state!;
                try
                {
                    if (socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0)
                    {
                        closed.Cancel();
                    }
                }
                catch (Exception gone) when (gone is ObjectDisposedException or SocketException)
                {
                    // The request ended meanwhile.
                }
            },
            (socket, closed),
            TimeSpan.FromSeconds(1),
            TimeSpan.FromSeconds(1)
        );
    }

    private async ValueTask<BsonDocument> HandleAsync(CommandRequest request, CancellationToken cancellation)
    {
        try
        {
            return await handler.HandleAsync(request, cancellation);
        }
        catch (CommandException failure)
        {
            return ErrorReply.Build(failure.ServerCode, failure.CodeName, failure.ServerMessage, failure.Labels);
        }
        catch (BackupException failure)
        {
            return ErrorReply.Build(8, "UnknownError", failure.Message, []);
        }
        catch (Exception bug) when (!IsClientsEnd(bug))
        {
            // A mistake in the handler must not end the service, nor stay unseen.
            options.HandlerFailed?.Invoke(bug);
            return ErrorReply.Build(1, "InternalError", $"{bug.GetType().Name}: {bug.Message}", []);
        }
    }

    private static ValueTask SendAsync(
        WireStream wire,
        WireMessage request,
        int requestId,
        int responseTo,
        BsonDocument reply,
        MsgFlags flags,
        CancellationToken cancellation
    ) =>
        request.OpCode == OpCode.Query
            ? wire.SendReplyAsync(requestId, responseTo, reply, cancellation)
            : wire.SendMsgAsync(
                requestId,
                responseTo,
                reply,
                default,
                [],
                new SendOptions(flags, request.Compressor, Checksum: (request.Flags & MsgFlags.ChecksumPresent) != 0),
                cancellation
            );

    private static string DatabaseOf(WireMessage message)
    {
        if (message.OpCode == OpCode.Msg)
        {
            return message.Body.View["$db"u8].AsString;
        }

        const string suffix = ".$cmd";
        return message.OpCode == OpCode.Query && message.Collection.EndsWith(suffix, StringComparison.Ordinal)
            ? message.Collection[..^suffix.Length]
            : throw MongoWireErrors.BadMessage("a legacy message that is no command");
    }
}
