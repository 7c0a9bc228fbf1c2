using System.Security.Cryptography;
using System.Text;
using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.WebUI.Access;
using Microsoft.AspNetCore.Http;

namespace Backup.WebUI.Frame;

/// <summary>
/// <c>Idempotency-Key</c> on POST: whoever did not hear the answer sends the same again, and it is done once. What was refused or failed is not
/// kept: it may be tried again with the same key. Source: draft-ietf-httpapi-idempotency-key-header.
/// </summary>
/// <param name="answers">Where they are kept.</param>
/// <param name="secrets">Opened at the first request: what is kept of requests, which may hold passwords, tells nothing to whoever has the catalogue alone.</param>
/// <param name="time">The clock.</param>
internal sealed class IdempotencyKeys(IAnswers answers, Func<SecretBox> secrets, TimeProvider time)
{
    public const string Header = "Idempotency-Key";
    public const string Repeated = "Idempotency-Replayed";
    private const int LongestKey = 64;
    private const int MostKept = 256 * 1024;
    private static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    private readonly Lazy<byte[]> _macKey = new(() => secrets().DeriveKey("idempotency keys"));

    public async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        if (
            !HttpMethods.IsPost(context.Request.Method)
            || context.Request.Headers[Header] is not { Count: > 0 } given
            || context.Features.Get<Caller>() is not { } caller
            || context.GetEndpoint()?.Metadata is not { } endpoint
            || endpoint.GetMetadata<AccessRule>() is not { } rule
            || endpoint.GetMetadata<StreamedAnswer>() is not null
        )
        {
            await next(context);
            return;
        }

        if (given is not [{ Length: > 0 and <= LongestKey } key] || key.Any(static one => one is < '!' or > '~'))
        {
            throw WebUIErrors.Key();
        }

        var now = time.GetUtcNow();
        var row = new AnswerRecord(caller.Id, key, await MacAsync(context.Request), null, null, null, now);
        if (await answers.BeginAsync(row, now - Kept, context.RequestAborted) is { } earlier)
        {
            await RepeatAsync(context.Response, row, earlier);
            return;
        }

        await DoAsync(context, next, row, keepsBody: !rule.TellsSecret);
    }

    private async Task DoAsync(HttpContext context, RequestDelegate next, AnswerRecord row, bool keepsBody)
    {
        var response = context.Response;
        var body = response.Body;
        using var copy = new MemoryStream();
        response.Body = copy;
        try
        {
            await next(context);
        }
        catch
        {
            response.Body = body;
            await answers.RemoveAsync(row.CallerId, row.Key, CancellationToken.None);
            throw;
        }

        response.Body = body;
        if (response.StatusCode is >= 200 and < 300)
        {
            await answers.EndAsync(
                row.CallerId,
                row.Key,
                response.StatusCode,
                keepsBody && copy.Length is > 0 and <= MostKept ? copy.ToArray() : null,
                response.Headers.Location,
                CancellationToken.None
            );
        }
        else
        {
            await answers.RemoveAsync(row.CallerId, row.Key, CancellationToken.None);
        }

        copy.Position = 0;
        await copy.CopyToAsync(body, context.RequestAborted);
    }

    private static async Task RepeatAsync(HttpResponse response, AnswerRecord row, AnswerRecord earlier)
    {
        if (!CryptographicOperations.FixedTimeEquals(row.Request, earlier.Request))
        {
            throw WebUIErrors.KeyOfAnother();
        }

        response.StatusCode = earlier.Status ?? throw WebUIErrors.KeyBusy();
        response.Headers[Repeated] = "true";
        response.Headers.Location = earlier.Location;
        if (earlier.Body is { } body)
        {
            response.ContentType = "application/json; charset=utf-8";
            await response.Body.WriteAsync(body);
        }
        else if (earlier.Status is not StatusCodes.Status204NoContent)
        {
            response.Headers.Location = default;
            throw WebUIErrors.KeyDone();
        }
    }

    /// <summary>A MAC of route and body. The body is at most as long as one may be, and is read again by the handler.</summary>
    private async Task<byte[]> MacAsync(HttpRequest request)
    {
        request.EnableBuffering((int)WebUIHost.MostBodyBytes, WebUIHost.MostBodyBytes);
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _macKey.Value);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Path}\0{request.QueryString}\0"));
        var buffer = new byte[16 * 1024];
        for (int read; (read = await request.Body.ReadAsync(buffer)) > 0; )
        {
            hash.AppendData(buffer, 0, read);
        }

        request.Body.Position = 0;
        return hash.GetHashAndReset();
    }
}
