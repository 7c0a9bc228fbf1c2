using System.Text;
using Backup.AlertService.Notices;
using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.Metadata.Alerting;

namespace Backup.AlertService.Channels;

/// <summary>Sends to a channel, whatever it is.</summary>
internal sealed class ChannelSenders(ISettings settings, Func<SecretBox> secrets, TimeProvider time) : IDisposable
{
    private readonly MailSender _mail = new(new MailSettings(settings, secrets));
    private readonly HookSender _hooks = new(time);

    public void Dispose() => _hooks.Dispose();

    /// <exception cref="Foundation.Errors.BackupException">It did not arrive; 8830 to 8840.</exception>
    public Task SendAsync(ChannelRecord channel, Message message, CancellationToken cancellation) =>
        channel.Kind switch
        {
            ChannelKinds.Mail => _mail.SendAsync(channel, message, cancellation),
            ChannelKinds.Webhook => _hooks.PostAsync(channel, SecretOf(channel), message, cancellation),
            ChannelKinds.Slack when SecretOf(channel) is { } url => _hooks.SlackAsync(
                Encoding.UTF8.GetString(url),
                message,
                cancellation
            ),
            _ => throw AlertServiceErrors.NoSuchKind(channel.Kind),
        };

    private byte[]? SecretOf(ChannelRecord channel) =>
        channel.SealedSecret is { } box ? secrets().Open(box, ChannelSettings.PurposeOf(channel.Id)) : null;
}
