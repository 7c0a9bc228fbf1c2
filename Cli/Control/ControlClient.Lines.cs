using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Backup.Cli.Control;

internal sealed partial class ControlClient
{
    /// <summary>The lines of JSON that long work is answered with, as they come. To hang up stops the work.</summary>
    /// <param name="route">Where the work is asked for.</param>
    /// <param name="request">The work.</param>
    /// <param name="what">For the error where the appliance ends before it, for example <c>the restore</c>.</param>
    /// <param name="cancellation">Hangs up.</param>
    private async IAsyncEnumerable<TLine> LinesAsync<TRequest, TLine>(
        string route,
        TRequest request,
        string what,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        using var response = await BeginAsync(route, request, cancellation);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        while (await NextAsync() is { } line)
        {
            yield return JsonSerializer.Deserialize<TLine>(line, ControlJson.Wire)!;
        }

        throw CliErrors.Damaged($"the appliance ended before {what} did");

        async Task<string?> NextAsync()
        {
            try
            {
                return await lines.ReadLineAsync(cancellation);
            }
            catch (Exception cut) when (cut is HttpRequestException or HttpIOException)
            {
                throw CliErrors.Damaged($"the appliance ended before {what} did ({cut.Message})");
            }
        }
    }

    /// <summary>Asks for long work; the answer's body is read as it comes.</summary>
    /// <exception cref="Foundation.Errors.BackupException">What the appliance refused it with.</exception>
    private async Task<HttpResponseMessage> BeginAsync<TRequest>(
        string route,
        TRequest request,
        CancellationToken cancellation
    )
    {
        using var content = JsonContent.Create(request, options: ControlJson.Wire);
        using var message = new HttpRequestMessage(HttpMethod.Post, route)
        {
            Content = content,
            Version = _http.DefaultRequestVersion,
            VersionPolicy = _http.DefaultVersionPolicy,
        };
        var response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await ErrorAsync(response, cancellation);
        }
    }
}
