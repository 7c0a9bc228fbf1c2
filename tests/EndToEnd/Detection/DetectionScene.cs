using System.Diagnostics;

namespace Backup.Tests.EndToEnd.Detection;

/// <summary>How soon somebody heard of a fault.</summary>
/// <param name="Fault">What was done.</param>
/// <param name="Seconds">From <paramref name="Since"/> to the mail.</param>
/// <param name="Since">What it is counted from.</param>
/// <param name="Subject">Of the mail.</param>
internal sealed record Detection(string Fault, double Seconds, string Since, string Subject);

/// <summary>An appliance as a process of its own that mails to a real mail server, and what was detected.</summary>
internal sealed class DetectionScene : IAsyncDisposable
{
    /// <summary>How soon a fault is told.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Longer than the limit: how late it was is worth knowing, too.</summary>
    private static readonly TimeSpan Patience = Limit * 2;

    private readonly Action<string> _tell;

    private DetectionScene(ApplianceProcess appliance, MailBox mails, Action<string> tell) =>
        (Appliance, Mails, _tell) = (appliance, mails, tell);

    internal ApplianceProcess Appliance { get; }

    internal MailBox Mails { get; }

    internal List<Detection> Found { get; } = [];

    /// <param name="appliance">Not started yet; it ends with this.</param>
    /// <param name="tell">Hears at once what was detected.</param>
    internal static async Task<DetectionScene> StartAsync(ApplianceProcess appliance, Action<string> tell)
    {
        appliance.Up();
        var scene = new DetectionScene(appliance, await MailBox.OpenAsync(), tell);
        try
        {
            await appliance.WaitForOutputAsync("http");
            await scene.Mails.SubscribeAsync(appliance);
            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits for the mail.</summary>
    /// <param name="fault">What was done.</param>
    /// <param name="since">When, as <see cref="Stopwatch.GetTimestamp"/> tells it.</param>
    /// <param name="counted">What is counted from, in words.</param>
    /// <param name="codes">The mail tells one of these.</param>
    internal async Task DetectedAsync(string fault, long since, string counted, params string[] codes)
    {
        try
        {
            var ahead =
                Stopwatch.GetElapsedTime(since) is var passed && passed < TimeSpan.Zero ? -passed : TimeSpan.Zero;
            var (mail, at) = await Mails.ToldAsync(codes, Patience + ahead);
            Found.Add(new Detection(fault, Stopwatch.GetElapsedTime(since, at).TotalSeconds, counted, mail.Subject));
            _tell($"{fault}: {Found[^1].Seconds:0.0} s {counted}: {mail.Subject}");
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{fault}: {late.Message}\n{Appliance.Output}", late);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Appliance.DisposeAsync();
        await Mails.DisposeAsync();
    }
}
