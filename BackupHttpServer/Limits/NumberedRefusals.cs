using System.Buffers;
using System.IO.Pipelines;
using System.Net.Security;
using System.Text;
using System.Text.Json;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Backup.BackupHttpServer.Limits;

/// <summary>
/// What is no HTTP at all, or has too large headers, or does not come, is refused by the web server before any of our code is asked: with a
/// status and nothing more. On HTTP/1.1 connections such an answer is replaced by one with a number and a hint on its way out. In HTTP/2 a
/// broken frame ends the connection with the protocol's own code (GOAWAY), as it must.
/// </summary>
internal static class NumberedRefusals
{
    /// <summary>A connection's middleware, behind that of TLS.</summary>
    public static ConnectionDelegate Use(ConnectionDelegate next) =>
        async connection =>
        {
            var tls = connection.Features.Get<ISslStreamFeature>()?.SslStream;
            if (tls?.NegotiatedApplicationProtocol != SslApplicationProtocol.Http2)
            {
                var transport = connection.Transport;
                connection.Transport = new Duplex(transport.Input, new RefusalWriter(transport.Output));
            }

            await next(connection);
        };

    /// <summary>The answer instead of a bare refusal; null where it is none.</summary>
    internal static byte[]? Replace(ReadOnlySequence<byte> written)
    {
        const int longest = 512;
        if (written.Length > longest || !written.FirstSpan.StartsWith("HTTP/1.1 4"u8))
        {
            return null;
        }

        var text = Encoding.ASCII.GetString(written);
        if (
            !text.EndsWith("\r\n\r\n", StringComparison.Ordinal)
            || !text.Contains("\r\nContent-Length: 0\r\n", StringComparison.OrdinalIgnoreCase)
            || text.Contains("\r\nContent-Type:", StringComparison.OrdinalIgnoreCase)
            || !int.TryParse(text.AsSpan(9, 3), out var status)
        )
        {
            return null;
        }

        var line = text[..text.IndexOf('\r')];
        var body = Body(status, line[13..]);
        var head =
            $"{line}\r\nContent-Length: {body.Length}\r\nContent-Type: {AgentProtocol.ProblemMediaType}\r\nConnection: close\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }

    private static byte[] Body(int status, string reason)
    {
        var error = ErrorOf(status);
        var problem = new Problem(
            "about:blank",
            reason,
            status,
            error.Message,
            error.Code,
            error.Hint,
            error.IsTransient
        );
        return JsonSerializer.SerializeToUtf8Bytes(problem, AgentJson.Default.Problem);
    }

    private static BackupException ErrorOf(int status) =>
        status switch
        {
            408 => BackupHttpServerErrors.Slow(),
            413 => BackupHttpServerErrors.TooLong(AgentProtocol.MaxSliceBodyLength),
            414 or 431 => BackupHttpServerErrors.LongHeaders(),
            _ => BackupHttpServerErrors.NoHttp(),
        };

    private sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }

    /// <summary>Holds what is written until it is flushed, looks at it as a whole, and hands it on.</summary>
    private sealed class RefusalWriter(PipeWriter inner) : PipeWriter
    {
        private readonly ArrayBufferWriter<byte> _held = new(1024);

        public override bool CanGetUnflushedBytes => true;

        public override long UnflushedBytes => _held.WrittenCount;

        public override Memory<byte> GetMemory(int sizeHint = 0) => _held.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => _held.GetSpan(sizeHint);

        public override void Advance(int bytes) => _held.Advance(bytes);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            HandOn();
            return inner.FlushAsync(cancellationToken);
        }

        public override void Complete(Exception? exception = null)
        {
            HandOn();
            inner.Complete(exception);
        }

        public override ValueTask CompleteAsync(Exception? exception = null)
        {
            HandOn();
            return inner.CompleteAsync(exception);
        }

        private void HandOn()
        {
            if (_held.WrittenCount == 0)
            {
                return;
            }

            var replaced = Replace(new ReadOnlySequence<byte>(_held.WrittenMemory));
            inner.Write(replaced ?? _held.WrittenSpan);
            _held.ResetWrittenCount();
        }
    }
}
