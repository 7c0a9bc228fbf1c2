namespace Backup.Cli.Api;

/// <content>What is handed to somebody who helps.</content>
internal sealed partial class ApiClient
{
    /// <summary>Asks for a support bundle and writes it there.</summary>
    /// <returns>Its length in bytes.</returns>
    internal async Task<long> SupportBundleAsync(Stream output, CancellationToken cancellation)
    {
        using var request = Request(HttpMethod.Post, "/appliance/support-bundle", body: null);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!response.IsSuccessStatusCode)
        {
            throw await ErrorAsync(response, cancellation);
        }

        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[64 * 1024];
        var bytes = 0L;
        for (int read; (read = await body.ReadAsync(buffer, cancellation)) > 0; bytes += read)
        {
            await output.WriteAsync(buffer.AsMemory(0, read), cancellation);
        }

        return bytes;
    }
}
