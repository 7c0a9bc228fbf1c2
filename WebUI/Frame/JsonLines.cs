using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Backup.WebUI.Frame;

/// <summary>Answers of unknown length: one line of JSON after the other, each sent when it is there.</summary>
internal static class JsonLines
{
    /// <summary>Before the first line: what goes wrong until then is answered as a problem.</summary>
    public static void Begin(HttpResponse response) => response.ContentType = "application/x-ndjson";

    public static async Task WriteAsync<T>(HttpResponse response, T line, CancellationToken cancellation)
    {
        byte[] text = [.. JsonSerializer.SerializeToUtf8Bytes(line, ApiJson.Options), (byte)'\n'];
        await response.Body.WriteAsync(text, cancellation);
        await response.Body.FlushAsync(cancellation);
    }
}

/// <summary>Of an endpoint that answers with <see cref="JsonLines"/>: its answer is not kept to be repeated, as it has no bound.</summary>
internal sealed record StreamedAnswer;
